/** Putting the parts together: the only place, with config/, that knows concrete stores and defaults. */
import type { StoreEvents } from '../dict/events/store-events.js'
import type { KeyOf } from '../dict/face.js'
import { insertInitial } from '../dict/initial.js'
import { PersistDict } from '../dict/persist-dict.js'
import { Scope } from '../dict/scope.js'
import { isStandardSchema, type StandardSchema } from '../dict/standard-schema.js'
import { setLimits } from '../engine/capacity/set-limits.js'
import { flushOnSignals } from '../engine/exit-hook.js'
import { kindOf } from '../errors/checked-argument.js'
import { HIDDEN } from '../errors/hidden.js'
import { KeyError } from '../errors/key-errors.js'
import { OptionError } from '../errors/option-error.js'
import type { SyncStore } from '../store/sync-store.js'
import { checkAtOpen } from './check-at-open.js'
import { engineSettings, entryRules, ttlMs } from './engine-settings.js'
import { limitTableOf } from './limit-options.js'
import { checkOptions, type OpenOptions } from './open-options.js'
import { share } from './shared-engine.js'
import { storeAt } from './store-at.js'

/** The code of the thread that sweeps where much is due. */
const SWEEPER = new URL('./sweep-worker.js', import.meta.url)

/**
 * Opens a dict: on LMDB in the directory `place`, which is made if need be, or over a store.
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
  const schemas = new Map(Object.entries<StandardSchema>(checkedShape(shape)))
  return openChecked<OutputsOf<T>, KeyOf<OutputsOf<T>>>(place, options, (key) => {
    const schema = schemas.get(key)
    if (schema !== undefined) return schema
    if (options.cipher !== undefined && options.debugKeys !== true) {
      throw new KeyError(HIDDEN, 'The dict has no such key.')
    }
    const known = [...schemas.keys()].map((name) => JSON.stringify(name)).join(', ')
    throw new KeyError(key, `The dict has no key ${JSON.stringify(key)}. Its keys are ${known}.`)
  })
}

/** Throws OptionError for the first property that is no schema. */
function checkedShape<T extends object>(shape: T): T {
  if (typeof shape !== 'object' || shape === null) {
    const example = '{ user: z.object({ name: z.string() }) }'
    throw new OptionError(
      'shape',
      `openTyped() takes an object with a schema for each key, such as ${example}, and was given ${kindOf(shape)}.`,
    )
  }
  const [other] = Object.entries(shape).find(([, schema]) => !isStandardSchema(schema)) ?? []
  if (other === undefined) return shape
  throw new OptionError(
    'shape',
    `openTyped() takes a Standard Schema for each key, such as one made with Zod, and "${other}" has none.`,
  )
}

function openChecked<S extends object, K>(
  place: string | SyncStore,
  options: OpenOptions<S, K>,
  schemaOf: ((key: string) => StandardSchema) | undefined,
): PersistDict<S, K> {
  const { scope, events } = openScope(place, options, schemaOf)
  return new PersistDict<S, K>(scope, events)
}

/** What a dict over a synchronous store consists of, whichever face it gets. Throws what open() throws. */
export function openScope<S extends object, K>(
  place: string | SyncStore,
  options: OpenOptions<S, K>,
  schemaOf: ((key: string) => StandardSchema) | undefined,
): { readonly scope: Scope; readonly events: StoreEvents } {
  checkOptions(options)
  const settings = engineSettings(options as OpenOptions)
  // Before the store is opened: what is wrong with it must leave nothing open.
  ttlMs(options.ttl, 'ttl')
  const { engine, capacity, events, live, leasing, recipes, accessTimes, release } = share(
    storeAt(place, options as OpenOptions),
    settings,
    SWEEPER,
  )
  if (options.flushOnSignals) flushOnSignals(engine)
  const handle = {
    isClosed: false,
    release() {
      try {
        release()
        handle.isClosed = true
      } finally {
        handle.isClosed ||= engine.isClosed
        if (handle.isClosed) events.ended(handle)
      }
    },
  }
  const scope = new Scope({
    engine,
    space: engine.space([]),
    mode: options.values ?? 'frozen',
    rules: entryRules(options as OpenOptions, engine, schemaOf),
    live,
    leasing,
    recipes,
    onError: (error) => events.errors.tell(error),
    keyHandlers: events.keyHandlers,
    accessTimes,
    onConflict: options.onConflict ?? 'overwrite',
    maxKeys: options.maxKeys ?? Number.POSITIVE_INFINITY,
    warn: (warning) => events.warnings.tell(warning),
    handle,
  })
  try {
    setLimits(engine, capacity, limitTableOf(options as OpenOptions))
    checkAtOpen(engine, options.check ?? 'off', (error) => events.errors.tell(error))
    insertInitial(scope, options.initial)
  } catch (error) {
    handle.release()
    throw error
  }
  return { scope, events }
}
