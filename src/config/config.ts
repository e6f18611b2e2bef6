/** The model of everything that can be set by plain data, and what makes a configuration of such data. */
import { z } from 'zod'
import type { CompressOptions } from '../codec/compression.js'
import { COMPRESSOR_NAMES, type CompressorName } from '../codec/compressor.js'
import type { SerializerName } from '../codec/serializer.js'
import { type OpenOptions, openModel } from '../open/open-options.js'
import { type CipherConfig, cipherModel } from './cipher-config.js'
import { durationModel, type StoreConfig, storeModel } from './store-config.js'

/** Options of open() that are plain data as they are. */
type PlainOptions = Pick<
  OpenOptions,
  | 'durability'
  | 'maxValueBytes'
  | 'hashKeys'
  | 'debugKeys'
  | 'values'
  | 'onConflict'
  | 'ttl'
  | 'maxIdle'
  | 'maxAge'
  | 'initial'
  | 'cache'
  | 'keySizeLimit'
  | 'digestBytes'
  | 'background'
  | 'flushOnSignals'
  | 'maxKeys'
  | 'maxEntries'
  | 'maxBytes'
  | 'eviction'
  | 'namespaces'
  | 'check'
>

/** All settings of a dict that are the same wherever they are written: in JSON, YAML, the environment. */
export interface Settings extends PlainOptions {
  /** Open this namespace of the dict; a list for one within others. @default the dict itself */
  readonly namespace?: string | readonly string[] | undefined
  /** How values are made into bytes; it may differ from open to open. @default 'msgpack' */
  readonly serializer?: SerializerName | undefined
  /** How values are made smaller: a compressor by name, or with more settings. @default 'none' */
  readonly compress?: CompressorName | 'none' | CompressConfig | undefined
  /** Encrypts the store. Of several ciphers, the first seals. @default none */
  readonly cipher?: CipherConfig | readonly CipherConfig[] | undefined
}

/** A configuration: where a dict is, and how it is opened. */
export interface Config extends Settings {
  /** The store, or its address: `./cache`, `sqlite:app.db`, `redis://localhost:6379`, `memory:`. */
  readonly store: string | StoreConfig
}

/** How values are made smaller. */
export interface CompressConfig extends Pick<CompressOptions, 'thresholdBytes' | 'level'> {
  /** The compressor. */
  readonly use: CompressorName | 'none'
}

const options = openModel()
const compressor = z.enum(['none', ...COMPRESSOR_NAMES])

export const configModel = z.strictObject({
  store: storeModel,
  namespace: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  serializer: z.enum(['msgpack', 'json', 'structured']).optional(),
  compress: z
    .union([
      compressor,
      z.strictObject({
        use: compressor,
        thresholdBytes: z.number().nonnegative().optional(),
        level: z.int().optional(),
      }),
    ])
    .optional(),
  cipher: z.union([cipherModel, z.array(cipherModel).min(1)]).optional(),
  ttl: durationModel.nullable().optional(),
  maxIdle: durationModel.optional(),
  maxAge: durationModel.optional(),
  cache: options.shape.cache.unwrap().strict().optional(),
  ...options.pick({
    durability: true,
    maxValueBytes: true,
    hashKeys: true,
    debugKeys: true,
    values: true,
    onConflict: true,
    initial: true,
    keySizeLimit: true,
    digestBytes: true,
    background: true,
    flushOnSignals: true,
    maxKeys: true,
    maxEntries: true,
    maxBytes: true,
    eviction: true,
    namespaces: true,
    check: true,
  }).shape,
}) satisfies z.ZodType<Config, unknown>
