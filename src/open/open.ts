/**
 * Putting the parts together: the only place, with config/, that knows concrete stores and defaults.
 *
 * One engine serves all dicts of a store in this thread, so that they share its cache and its pending
 * writes; a set through one is seen by the next get through another.
 */
import { ByteLru } from '../cache/byte-lru.js'
import { systemClock } from '../clock.js'
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import { Compression } from '../codec/compression.js'
import { RegisteredTypes } from '../codec/registered-types.js'
import { knownSerializer } from '../codec/serializer.js'
import { ValueCodec } from '../codec/value-codec.js'
import { EntryRules, type KeySerializer } from '../dict/entry-rules.js'
import type { Warning } from '../dict/events/dict-events.js'
import { StoreEvents } from '../dict/events/store-events.js'
import type { KeyOf } from '../dict/face.js'
import { insertInitial } from '../dict/initial.js'
import { LiveRoots } from '../dict/live/live-roots.js'
import { PersistDict } from '../dict/persist-dict.js'
import type { Recipes } from '../dict/recipes.js'
import { Scope } from '../dict/scope.js'
import type { StandardSchema } from '../dict/standard-schema.js'
import { durationMs } from '../duration.js'
import { Capacity } from '../engine/capacity/capacity.js'
import { setLimits } from '../engine/capacity/set-limits.js'
import { Engine } from '../engine/engine.js'
import type { Entry } from '../engine/entry.js'
import { flushAtExit, flushOnSignals } from '../engine/exit-hook.js'
import { checkIdentity, type FormatIdentity } from '../engine/format-identity.js'
import { engineLeasing, type Leasing } from '../engine/leases/leasing.js'
import type { SyncLeases } from '../engine/leases/sync-leases.js'
import { Listeners } from '../engine/listeners.js'
import { MessageBudget } from '../engine/message-budget.js'
import { sealedStore } from '../engine/sealed-store.js'
import { KeyError } from '../errors/key-errors.js'
import { OpenConflictError } from '../errors/open-errors.js'
import { OptionError } from '../errors/option-error.js'
import { checkedKeySettings, DEFAULT_KEY_SETTINGS, type KeySettings } from '../keys/key-settings.js'
import { allRecipes } from '../recipes/all-recipes.js'
import { lmdbStore } from '../store/lmdb/open-lmdb.js'
import type { SyncStore } from '../store/sync-store.js'
import { startBackground } from './background.js'
import { checkAtOpen } from './check-at-open.js'
import { Encryption } from './encryption.js'
import { limitTableOf } from './limit-options.js'
import { checkOptions, type OpenOptions } from './open-options.js'

const DEFAULT_CACHE = Object.freeze({ maxEntries: 10_000, maxBytes: 64 * 2 ** 20 })

/** An engine, with what must be the same for all dicts that share it. */
interface Shared {
  /** The store that was opened; the engine's may be a sealing one over it. */
  readonly store: SyncStore
  readonly secrets: StoreSecrets | undefined
  readonly engine: Engine
  readonly capacity: Capacity
  readonly events: StoreEvents
  readonly live: LiveRoots
  readonly leasing: Leasing<SyncLeases>
  readonly recipes: Recipes
  /** Ends what goes on in the background. */
  readonly stop: () => void
  readonly settings: Readonly<Record<string, unknown>>
  users: number
}

const shared = new Map<string, Shared>()

/**
 * Opens a dict: on LMDB in the directory `path`, which is made if need be, or over a store.
 *
 * Throws OptionError, PathError, DamagedStoreError, FormatMismatchError, OpenConflictError,
 * StoreFullError or NativeModuleError; no data was changed then.
 */
export function open<S extends object = Record<string, unknown>, K = KeyOf<S>>(
  place: string | SyncStore,
  options: OpenOptions<S, K> = {},
): PersistDict<S, K> {
  return openChecked<S, K>(place, options, undefined)
}

/** The output types of a shape of schemas. */
export type OutputsOf<T extends Record<string, StandardSchema>> = {
  [P in keyof T]: T[P] extends StandardSchema<infer Output> ? Output : never
}

/**
 * Opens a dict whose keys are those of `shape`, each with a schema of its own, from which the types of
 * the values are inferred: `openTyped('./state', { user: userSchema, visits: z.number() })`. Setting
 * any other key throws KeyError. Throws what open() throws.
 */
export function openTyped<const T extends Record<string, StandardSchema>>(
  place: string | SyncStore,
  shape: T,
  options: Omit<OpenOptions<OutputsOf<T>>, 'schema' | 'keySerializer'> = {},
): PersistDict<OutputsOf<T>> {
  const schemas = new Map(Object.entries<StandardSchema>(shape))
  return openChecked<OutputsOf<T>, KeyOf<OutputsOf<T>>>(place, options, (key) => {
    const schema = schemas.get(key)
    if (schema !== undefined) return schema
    const known = [...schemas.keys()].map((name) => JSON.stringify(name)).join(', ')
    throw new KeyError(key, `The dict has no key ${JSON.stringify(key)}. Its keys are ${known}.`)
  })
}

function openChecked<S extends object, K>(
  place: string | SyncStore,
  options: OpenOptions<S, K>,
  schemaOf: ((key: string) => StandardSchema) | undefined,
): PersistDict<S, K> {
  checkOptions(options)
  const keySettings = checkedKeySettings({
    keySizeLimit: options.keySizeLimit ?? DEFAULT_KEY_SETTINGS.keySizeLimit,
    digestBytes: options.digestBytes ?? DEFAULT_KEY_SETTINGS.digestBytes,
    hash: options.keyHash ?? DEFAULT_KEY_SETTINGS.hash,
  })
  const defaultTtlMs = ttlMs(options.ttl)
  const store = storeAt(place, options)
  const { engine, capacity, events, live, leasing, recipes, release } = share(
    store,
    keySettings,
    options,
  )
  const lease = {
    isClosed: false,
    release() {
      try {
        release()
        lease.isClosed = true
      } finally {
        lease.isClosed ||= engine.isClosed
        if (lease.isClosed) events.ended(lease)
      }
    },
  }
  const scope = new Scope({
    engine,
    space: engine.space([]),
    mode: options.values ?? 'frozen',
    rules: new EntryRules({
      codec: engine.codec,
      clock: engine.clock,
      defaultTtlMs,
      keySerializer: options.keySerializer as KeySerializer | undefined,
      schemaOf: schemaOf ?? (() => options.schema),
    }),
    live,
    leasing,
    recipes,
    onError: (error) => events.errors.tell(error),
    keyHandlers: events.keyHandlers,
    onConflict: options.onConflict ?? 'overwrite',
    maxKeys: options.maxKeys ?? Number.POSITIVE_INFINITY,
    warn: (warning) => events.warnings.tell(warning),
    lease,
  })
  try {
    setLimits(engine, capacity, limitTableOf(options))
    checkAtOpen(engine, options.check ?? 'off', (error) => events.errors.tell(error))
    insertInitial(scope, options.initial)
  } catch (error) {
    lease.release()
    throw error
  }
  return new PersistDict<S, K>(scope, events)
}

function storeAt(place: string | SyncStore, options: OpenOptions): SyncStore {
  if (typeof place === 'string' && place !== '') return lmdbStore(place, options.lmdb)
  if (typeof place === 'object' && place !== null && typeof place.transaction === 'function')
    return place
  throw new OptionError(
    'path',
    'open() takes the path of a directory, or a store such as memoryStore().',
  )
}

function ttlMs(ttl: OpenOptions['ttl']): number {
  return ttl === undefined || ttl === null ? Number.POSITIVE_INFINITY : durationMs(ttl, 'ttl')
}

interface Share {
  readonly engine: Engine
  readonly capacity: Capacity
  readonly events: StoreEvents
  readonly live: LiveRoots
  readonly leasing: Leasing<SyncLeases>
  readonly recipes: Recipes
  /** Gives the share back. The last one commits and closes; if that throws, see Engine.close(). */
  release(): void
}

function share(store: SyncStore, keySettings: KeySettings, options: OpenOptions): Share {
  const encryption = new Encryption(options)
  const identity = { ...identityOf(keySettings, options), ...encryption.identity }
  const types = Object.keys(options.types ?? {})
    .sort()
    .join(', ')
  const { durability = 'batched', cache, compress, maxValueBytes, background, clock } = options
  const settings = {
    durability,
    types,
    cache: JSON.stringify(cache),
    compress: JSON.stringify(compress),
    maxValueBytes,
    background,
    debugKeys: encryption.showsKeys,
    clock,
    ...identity,
  }
  const existing = shared.get(store.identity)
  // The engine has a store of its own; this one was opened only to learn which it is.
  if (existing !== undefined && existing.store !== store) store.close()
  if (existing !== undefined) encryption.refuseOther(existing.store, existing.secrets)
  const entry = existing ?? found(store, keySettings, options, encryption, identity, settings)
  refuseConflict(store.location, entry.settings, settings)
  entry.users++
  shared.set(store.identity, entry)
  if (options.flushOnSignals) flushOnSignals(entry.engine)
  return {
    engine: entry.engine,
    capacity: entry.capacity,
    events: entry.events,
    live: entry.live,
    leasing: entry.leasing,
    recipes: entry.recipes,
    release() {
      try {
        if (entry.users === 1) {
          entry.stop()
          if (!entry.engine.isClosed) entry.leasing.close()
          entry.engine.close()
        }
        entry.users--
      } finally {
        if (entry.engine.isClosed) shared.delete(store.identity)
      }
    },
  }
}

function found(
  store: SyncStore,
  keySettings: KeySettings,
  options: OpenOptions,
  encryption: Encryption,
  identity: FormatIdentity,
  settings: Shared['settings'],
): Shared {
  const errors = new Listeners<unknown>()
  const cache = { ...DEFAULT_CACHE, ...options.cache }
  let compression: Compression
  let secrets: StoreSecrets | undefined
  try {
    compression = new Compression(options.compress)
    checkIdentity(store, identity, encryption.firstRow)
    secrets = encryption.secretsOf(store)
  } catch (error) {
    store.close()
    throw error
  }
  const warnings = new Listeners<Warning>()
  const engine = new Engine({
    store: secrets === undefined ? store : sealed(store, secrets, warnings),
    codec: new ValueCodec(knownSerializer(options.serializer ?? 'msgpack'), {
      types: new RegisteredTypes(options.types ?? {}),
      compression,
      maxValueBytes: options.maxValueBytes,
      isDiscreet: !encryption.showsKeys,
    }),
    keySettings: { ...keySettings, secrets },
    cache: new ByteLru<Entry>(
      cache.maxEntries ?? DEFAULT_CACHE.maxEntries,
      cache.maxBytes ?? DEFAULT_CACHE.maxBytes,
    ),
    clock: options.clock ?? systemClock,
    durability: options.durability ?? 'batched',
    onError: (error) => errors.tell(error),
  })
  flushAtExit(engine, errors)
  const onError = (error: unknown) => errors.tell(error)
  const capacity = new Capacity(engine, onError)
  const live = new LiveRoots(engine, onError)
  const leasing = engineLeasing(engine, onError)
  const events = new StoreEvents(engine, errors, warnings)
  const mode = options.background ?? true
  const stop = startBackground({ engine, events, leases: leasing.table, mode })
  const recipes = allRecipes()
  return {
    store,
    secrets,
    engine,
    capacity,
    events,
    live,
    leasing,
    recipes,
    stop,
    settings,
    users: 0,
  }
}

function sealed(store: SyncStore, secrets: StoreSecrets, warnings: Listeners<Warning>): SyncStore {
  const warn = (message: string) => warnings.tell({ code: 'key-use', message })
  return sealedStore(store, secrets, new MessageBudget(secrets, warn))
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
const TAKEN_OVER: readonly string[] = ['cache', 'clock', 'compress', 'maxValueBytes', 'background']

function refuseConflict(
  location: string,
  first: Shared['settings'],
  second: Shared['settings'],
): void {
  for (const [setting, value] of Object.entries(second)) {
    if (value === undefined && TAKEN_OVER.includes(setting)) continue
    if (first[setting] !== value)
      throw new OpenConflictError(location, setting, first[setting], value)
  }
}
