/** The options of open(), checked by models of zod and resolved against one set of defaults. */
import { z } from 'zod'
import type { Clock } from '../clock.js'
import type { Cipher } from '../codec/cipher/cipher.js'
import type { CompressOptions } from '../codec/compression.js'
import type { Compressor, CompressorName } from '../codec/compressor.js'
import type { TypeMap } from '../codec/registered-types.js'
import type { Serializer, SerializerName } from '../codec/serializer.js'
import type { KeySerializer } from '../dict/entry-rules.js'
import type { ConflictPolicy } from '../dict/live/live-root.js'
import { isStandardSchema, type StandardSchema } from '../dict/standard-schema.js'
import type { Duration } from '../duration.js'
import type { Durability } from '../engine/commits.js'
import type { ValueMode } from '../engine/entry.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import type { KeyHash } from '../keys/key-settings.js'
import type { LmdbOptions } from '../store/lmdb/open-lmdb.js'
import { LIMIT_MODELS, type StoreLimitOptions } from './limit-options.js'

/** When a store is verified as it is opened. */
export type CheckMode = 'background' | 'blocking' | 'off'

/** How the rows of expired entries leave the store: see `background` of open(). */
export type Background = boolean | 'disabled'

/** Options of open(). Each has a default; an unknown one is refused with a suggestion. */
export interface OpenOptions<S extends object = Record<string, unknown>, K = unknown>
  extends StoreLimitOptions {
  /**
   * When a write is done.
   * `'batched'`: it is readable at once, and synced to disk with others within milliseconds.
   * `'sync'`: set() returns when it is on disk, safe from a loss of power.
   * `'commit'`: set() returns when every process sees it, safe from the death of this one. A loss of
   * power may damage the whole store: for caches only.
   * @default 'batched'
   */
  readonly durability?: Durability | undefined
  /**
   * How values are made into bytes. The built-in ones may take each other's place at any open, since
   * each record says which made it. One of your own is part of the store's format. See
   * docs/serializers.md. @default 'msgpack'
   */
  readonly serializer?: SerializerName | Serializer | undefined
  /**
   * How values are made smaller: a compressor by name, or yours, or more settings. It may differ from
   * open to open, since each record says how it was made. See docs/compression.md.
   * @default 'none'
   */
  readonly compress?: CompressorName | 'none' | Compressor | CompressOptions | undefined
  /**
   * Longest serialized value, in bytes: set() refuses longer ones, and nothing is decompressed to
   * more than that. @default 256 MiB
   */
  readonly maxValueBytes?: number | undefined
  /**
   * Encrypts the store: aesGcm(), chacha20Poly1305(), or yours. Of several, the first seals and any
   * opens what it sealed. A store is encrypted from the first open on, or never. See
   * docs/encryption.md. @default none
   */
  readonly cipher?: Cipher | readonly Cipher[] | undefined
  /**
   * `'always'`: no key, and no name of a namespace, can be read on disk; ranges then open all keys.
   * `'long'`: only keys longer than `keySizeLimit` are hashed. Part of the store's format.
   * @default 'always' with a cipher, else 'long'
   */
  readonly hashKeys?: 'always' | 'long' | undefined
  /**
   * With a cipher, lets keys, and parts of values, into the messages of errors and warnings.
   * @default false
   */
  readonly debugKeys?: boolean | undefined
  /** Classes whose instances may be stored, by the names under which they are. */
  readonly types?: TypeMap | undefined
  /** Makes keys of other types than string and number. Part of the store's format. */
  readonly keySerializer?: KeySerializer<K> | undefined
  /**
   * What readers get: `'frozen'` values, shared and read-only; or a `'copy'` of their own.
   * @default 'frozen'
   */
  readonly values?: ValueMode | undefined
  /**
   * What happens to a change of a live value that another process has changed since it was read:
   * it wins, or it is refused with a ConflictError.
   * @default 'overwrite'
   */
  readonly onConflict?: ConflictPolicy | undefined
  /** How long entries live unless set() says otherwise; null for ever. @default null */
  readonly ttl?: Duration | null | undefined
  /**
   * Entries that were neither read nor written for so long are removed: by the sweeper or by sweep(),
   * within a twentieth of this time or two hours after it. A read before that keeps them. The same for
   * all dicts of the store in this process. @default none
   */
  readonly maxIdle?: Duration | undefined
  /** Entries live no longer than this after they were first set, whatever their ttl. @default none */
  readonly maxAge?: Duration | undefined
  /** Checks values on their way in: a Zod, Valibot, ArkType or other Standard Schema. */
  readonly schema?: StandardSchema | undefined
  /** Entries for a dict that was never opened before; set once, in one transaction. */
  readonly initial?: Partial<S> | undefined
  /** Bounds of the read cache; 0 for either switches it off. @default 10,000 entries, 64 MiB */
  readonly cache?:
    | { readonly maxEntries?: number | undefined; readonly maxBytes?: number | undefined }
    | undefined
  /** Keys longer than this are hashed, in bytes of WTF-8. Part of the store's format. @default 511 */
  readonly keySizeLimit?: number | undefined
  /** Bytes kept of a hashed key's digest. Part of the store's format. @default 32 */
  readonly digestBytes?: number | undefined
  /** The hash of long keys. Part of the store's format. @default SHA-256 */
  readonly keyHash?: KeyHash | undefined
  /**
   * How the rows of expired entries leave the store. `true`: one process for each store removes them,
   * a few at a time, by a timer. `false`: no timers; each commit removes a few. `'disabled'`: only
   * sweep() and setting the key again remove them. No reader sees an expired entry in any case.
   * `'expire'` events come at the deadline with `true` and `false`.
   * @default true
   */
  readonly background?: Background | undefined
  /** Also save pending writes when the process gets SIGTERM, SIGINT or SIGHUP. @default false */
  readonly flushOnSignals?: boolean | undefined
  /**
   * Object.keys() and the like of the object view throw TooManyKeysError beyond so many keys. From
   * 100,000 keys on they cause a 'warning' event in any case: dict.keys() streams.
   * @default Infinity
   */
  readonly maxKeys?: number | undefined
  /**
   * Whether to verify the store, all of it. `'blocking'`: open() looks through it first, and throws
   * IntegrityError if anything is wrong. `'background'`: the dict is there at once, and an 'error'
   * event tells what was found. Nothing is repaired: see verify().
   * @default 'off'
   */
  readonly check?: CheckMode | undefined
  /** Settings of the LMDB store. */
  readonly lmdb?: LmdbOptions | undefined
  /** The clock of deadlines and timers. @default the machine's */
  readonly clock?: Clock | undefined
}

const functions = <T>(...names: string[]) =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
    `must be an object with ${names.map((name) => `${name}()`).join(' and ')}`,
  )

const withId = <T extends { readonly id: string }>(...names: string[]) =>
  functions<T>(...names).refine(
    ({ id }) => typeof id === 'string' && id !== '',
    'must have an id, a string',
  )

const count = () => z.int().nonnegative()

/** What each option may be. A model is made when its option is first given: making all takes milliseconds. */
const MODELS = {
  durability: () => z.enum(['batched', 'commit', 'sync']).optional(),
  serializer: () =>
    z
      .union(
        [z.enum(['msgpack', 'json', 'structured']), withId<Serializer>('serialize', 'deserialize')],
        {
          error:
            "must be 'msgpack', 'json', 'structured', or an object with id, serialize() and deserialize()",
        },
      )
      .optional(),
  // Compression says what is wrong with it.
  compress: () => z.unknown().optional(),
  maxValueBytes: () => z.int().min(1).optional(),
  cipher: () => {
    const cipher = withId<Cipher>('seal', 'open')
    return z
      .union([cipher, z.array(cipher)], {
        error: 'must be a cipher such as aesGcm({ keys }), or a list of ciphers',
      })
      .optional()
  },
  hashKeys: () => z.enum(['always', 'long']).optional(),
  debugKeys: () => z.boolean().optional(),
  types: () => z.record(z.string(), functions('serialize', 'deserialize')).optional(),
  keySerializer: () => functions<KeySerializer>('serialize', 'deserialize').optional(),
  values: () => z.enum(['frozen', 'copy']).optional(),
  onConflict: () => z.enum(['overwrite', 'throw']).optional(),
  // Numbers of any kind: durationMs() says what is wrong with 0 and NaN.
  ttl: () => z.unknown().optional(),
  maxIdle: () => z.unknown().optional(),
  maxAge: () => z.unknown().optional(),
  schema: () =>
    z
      .custom(isStandardSchema, { error: 'must be a Standard Schema, such as one made with Zod' })
      .optional(),
  initial: () => z.record(z.string(), z.unknown()).optional(),
  cache: () =>
    z.object({ maxEntries: count().optional(), maxBytes: count().optional() }).optional(),
  keySizeLimit: () => z.int().optional(),
  digestBytes: () => z.int().optional(),
  keyHash: () => functions<KeyHash>('digest').optional(),
  background: () =>
    z
      .union([z.boolean(), z.literal('disabled')], { error: "must be true, false or 'disabled'" })
      .optional(),
  flushOnSignals: () => z.boolean().optional(),
  maxKeys: () => z.number().min(1).optional(),
  ...LIMIT_MODELS,
  check: () => z.enum(['background', 'blocking', 'off']).optional(),
  lmdb: () =>
    z
      .object({
        mapSizeBytes: z
          .int()
          .min(2 ** 20)
          .max(2 ** 46)
          .optional(),
        maxSizeBytes: z
          .number()
          .min(2 ** 16)
          .optional(),
        maxReaders: z
          .int()
          .min(1)
          .max(2 ** 20)
          .optional(),
        busyTimeoutMs: z.number().nonnegative().optional(),
        allowNetworkFileSystem: z.boolean().optional(),
        changeClock: z.enum(['mapped', 'asked']).optional(),
      })
      .optional(),
  clock: () => functions<Clock>('now', 'monotonic', 'after', 'endOfTurn').optional(),
}

type Name = keyof typeof MODELS
type Models = { readonly [P in Name]: ReturnType<(typeof MODELS)[P]> }

const NAMES = Object.keys(MODELS) as readonly Name[]
const made: { -readonly [P in Name]?: Models[P] } = {}

function modelOf<P extends Name>(name: P): Models[P] {
  // The type of MODELS says that each makes what Models has under its name.
  made[name] ??= MODELS[name]() as Models[P]
  return made[name] as Models[P]
}

/** The model of all options; config/ builds upon what of it is plain data. */
export function openModel(): z.ZodObject<Models> {
  return z.object(Object.fromEntries(NAMES.map((name) => [name, modelOf(name)])) as Models)
}

/** Throws OptionError naming the first option that is unknown or wrong, and what it takes. */
export function checkOptions(options: object): void {
  refuseUnknown(options, NAMES, 'open()')
  for (const name of NAMES) {
    const value = (options as Record<Name, unknown>)[name]
    if (value !== undefined) checkOption(name, value)
  }
}

function checkOption(name: Name, value: unknown): void {
  if ((name === 'cache' || name === 'lmdb') && typeof value === 'object' && value !== null) {
    refuseUnknown(value, Object.keys(modelOf(name).unwrap().shape), name)
  }
  const result = modelOf(name).safeParse(value)
  if (result.success) return
  const [issue] = result.error.issues
  const path = [name, ...(issue?.path ?? [])].map(String).join('.')
  throw new OptionError(
    path,
    `Option "${path}" of open() is wrong: ${issue?.message ?? 'it cannot be used'}.`,
  )
}
