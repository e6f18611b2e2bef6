/** What an engine is made with, from the options of open() and openAsync(). */
import { ByteLru } from '../cache/byte-lru.js'
import { type Clock, systemClock } from '../clock.js'
import { Compression } from '../codec/compression.js'
import { RegisteredTypes } from '../codec/registered-types.js'
import { knownSerializer } from '../codec/serializer.js'
import { ValueCodec } from '../codec/value-codec.js'
import { EntryRules, type KeySerializer } from '../dict/entry-rules.js'
import type { StandardSchema } from '../dict/standard-schema.js'
import { durationMs } from '../duration.js'
import type { Durability } from '../engine/commits.js'
import type { Entry } from '../engine/entry.js'
import type { FormatIdentity } from '../engine/format-identity.js'
import { OpenConflictError } from '../errors/open-errors.js'
import { checkedKeySettings, DEFAULT_KEY_SETTINGS, type KeySettings } from '../keys/key-settings.js'
import type { SyncStore } from '../store/sync-store.js'
import { Encryption } from './encryption.js'
import type { Background, OpenOptions } from './open-options.js'
import { type Elsewhere, elsewhere } from './sweep-thread.js'

const DEFAULT_CACHE = Object.freeze({ maxEntries: 10_000, maxBytes: 64 * 2 ** 20 })

export interface EngineSettings {
  readonly keySettings: KeySettings
  readonly identity: FormatIdentity
  readonly durability: Durability
  readonly clock: Clock
  readonly background: Background
  /** Infinity for none. */
  readonly maxIdleMs: number
  /** Infinity for none. */
  readonly maxAgeMs: number
  /** What all dicts that share an engine must agree on, by the name of the option. */
  readonly agreed: Readonly<Record<string, unknown>>
  makeCache(): ByteLru<Entry>
  readonly encryption: Encryption
  /** How another thread, which runs `code`, may open the same store. */
  elsewhere(store: SyncStore, code: URL): Elsewhere | undefined
  /** Throws OptionError. */
  makeCodec(): ValueCodec
}

/** Throws OptionError. */
export function engineSettings(options: OpenOptions): EngineSettings {
  const keySettings = checkedKeySettings({
    keySizeLimit: options.keySizeLimit ?? DEFAULT_KEY_SETTINGS.keySizeLimit,
    digestBytes: options.digestBytes ?? DEFAULT_KEY_SETTINGS.digestBytes,
    hash: options.keyHash ?? DEFAULT_KEY_SETTINGS.hash,
  })
  const encryption = new Encryption(options)
  const identity = { ...identityOf(keySettings, options), ...encryption.identity }
  const types = Object.keys(options.types ?? {})
    .sort()
    .join(', ')
  const { durability = 'batched', cache, compress, maxValueBytes, background, clock } = options
  return {
    keySettings,
    identity,
    encryption,
    durability,
    clock: clock ?? systemClock,
    background: background ?? true,
    maxIdleMs: ttlMs(options.maxIdle, 'maxIdle'),
    maxAgeMs: ttlMs(options.maxAge, 'maxAge'),
    agreed: {
      durability,
      types,
      cache: JSON.stringify(cache),
      compress: JSON.stringify(compress),
      maxValueBytes,
      background,
      maxIdle: options.maxIdle,
      maxAge: options.maxAge,
      debugKeys: encryption.showsKeys,
      clock,
      ...identity,
    },
    makeCache() {
      const { maxEntries, maxBytes } = { ...DEFAULT_CACHE, ...cache }
      return new ByteLru(maxEntries ?? DEFAULT_CACHE.maxEntries, maxBytes ?? DEFAULT_CACHE.maxBytes)
    },
    elsewhere: (store, code) => elsewhere(store, options, code),
    makeCodec: () =>
      new ValueCodec(knownSerializer(options.serializer ?? 'msgpack'), {
        types: new RegisteredTypes(options.types ?? {}),
        compression: new Compression(compress),
        maxValueBytes,
        isDiscreet: !encryption.showsKeys,
      }),
  }
}

/** How keys and values go in and out of a dict with these options. Throws RangeError. */
export function entryRules(
  options: OpenOptions,
  { codec, clock }: { readonly codec: ValueCodec; readonly clock: Clock },
  schemaOf: ((key: string) => StandardSchema) | undefined,
): EntryRules {
  return new EntryRules({
    codec,
    clock,
    defaultTtlMs: ttlMs(options.ttl, 'ttl'),
    keySerializer: options.keySerializer as KeySerializer | undefined,
    schemaOf: schemaOf ?? (() => options.schema),
  })
}

/** The milliseconds of an option that is a time to live. Throws RangeError. */
export function ttlMs(ttl: OpenOptions['ttl'], option: string): number {
  return ttl === undefined || ttl === null ? Number.POSITIVE_INFINITY : durationMs(ttl, option)
}

function identityOf(keySettings: KeySettings, options: OpenOptions): FormatIdentity {
  const { serializer = 'msgpack', keySerializer } = options
  return {
    serializer: typeof serializer === 'string' ? serializer : serializer.id,
    keySerializer: keySerializer?.id ?? 'string',
    keySizeLimit: keySettings.keySizeLimit,
    digestBytes: keySettings.digestBytes,
    keyHash: keySettings.hash.id,
  }
}

/** Left out, these take what the first dict has. */
const TAKEN_OVER: readonly string[] = [
  'cache',
  'clock',
  'compress',
  'maxValueBytes',
  'background',
  'maxIdle',
  'maxAge',
]

/** Throws OpenConflictError for the first setting on which two dicts of a store disagree. */
export function refuseConflict(
  location: string,
  first: EngineSettings['agreed'],
  second: EngineSettings['agreed'],
): void {
  for (const [setting, value] of Object.entries(second)) {
    if (value === undefined && TAKEN_OVER.includes(setting)) continue
    if (first[setting] !== value)
      throw new OpenConflictError(location, setting, first[setting], value)
  }
}
