/** Opening asynchronous dicts, over any store. */
import { AsyncPersistDict } from '../dict/async-persist-dict.js'
import { AsyncScope } from '../dict/async-scope.js'
import type { KeyOf } from '../dict/face.js'
import { RemoteHost } from '../dict/remote-host.js'
import { ScopeHost } from '../dict/scope-host.js'
import { LocalEngine } from '../engine/async/local-engine.js'
import { OptionError } from '../errors/option-error.js'
import type { AsyncStore } from '../store/async-store.js'
import type { SyncStore } from '../store/sync-store.js'
import { backupCopy } from './backup-copy.js'
import { checkRemoteAtOpen } from './check-at-open.js'
import { engineSettings, entryRules, ttlMs } from './engine-settings.js'
import { openScope } from './open.js'
import { checkOptions, type OpenOptions } from './open-options.js'
import { shareRemote } from './shared-remote-engine.js'

/** Options of openAsync(): those of open() but for the object view, which only a PersistDict has. */
export type AsyncOpenOptions<S extends object = Record<string, unknown>, K = unknown> = Omit<
  OpenOptions<S, K>,
  'onConflict' | 'maxKeys'
>

/** The same, with the place: the path of a directory for LMDB, or a store. */
export type AsyncOpenOptionsWithPlace<S extends object, K> = AsyncOpenOptions<S, K> &
  (
    | { readonly path: string; readonly store?: undefined }
    | { readonly store: SyncStore | AsyncStore; readonly path?: undefined }
  )

/** Options that concern the object view, which only open() gives. */
export const OF_THE_VIEW = ['onConflict', 'maxKeys'] as const

/** Options that mean nothing to an asynchronous store. */
export const OF_SYNC_STORES = [
  'lmdb',
  'flushOnSignals',
  'maxEntries',
  'maxBytes',
  'eviction',
  'namespaces',
] as const

type Place = string | SyncStore | AsyncStore

/**
 * Opens a dict whose methods return promises: on LMDB in the directory `place`, or over a store of
 * either kind. A dict over a synchronous store shares everything with those of open() in this thread.
 *
 * Rejects with what open() throws, and with what the store says if it cannot be reached; no data was
 * changed then, and the store is closed.
 */
export function openAsync<S extends object = Record<string, unknown>, K = KeyOf<S>>(
  place: string | SyncStore | AsyncStore,
  options?: AsyncOpenOptions<S, K>,
): Promise<AsyncPersistDict<S, K>>
export function openAsync<S extends object = Record<string, unknown>, K = KeyOf<S>>(
  options: AsyncOpenOptionsWithPlace<S, K>,
): Promise<AsyncPersistDict<S, K>>
export async function openAsync<S extends object, K>(
  placeOrOptions: Place | AsyncOpenOptionsWithPlace<S, K>,
  separate: AsyncOpenOptions<S, K> = {},
): Promise<AsyncPersistDict<S, K>> {
  const { place, options } = asked(placeOrOptions, separate)
  refuse(options, OF_THE_VIEW, 'It concerns the object view, which only open() gives.')
  const scope = isAsyncStore(place)
    ? await remoteScope(place, options)
    : localScope(place, options as OpenOptions<S, K>)
  return new AsyncPersistDict<S, K>(scope)
}

function localScope<S extends object, K>(
  place: string | SyncStore,
  options: OpenOptions<S, K>,
): AsyncScope {
  const { scope, events } = openScope(place, options, undefined)
  const { space, mode } = scope
  const engine = new LocalEngine(scope.engine, scope.accessTimes)
  const rules = entryRules(options as OpenOptions, engine, undefined)
  const handle = {
    get isClosed() {
      return scope.handle.isClosed
    },
    async release() {
      await engine.flush()
      scope.handle.release()
      events.ended(handle)
    },
  }
  const { leasing, recipes } = scope
  const hostOf = (of: AsyncScope) => new ScopeHost(scope.at(of.space.path, of.rules))
  const backup = (path: string) => engine.backup(path)
  return new AsyncScope({
    engine,
    space,
    mode,
    rules,
    events,
    leasing,
    recipes,
    hostOf,
    backup,
    handle,
  })
}

async function remoteScope<S extends object, K>(
  store: AsyncStore,
  options: AsyncOpenOptions<S, K>,
): Promise<AsyncScope> {
  checkOptions(options)
  refuse(options, OF_SYNC_STORES, `It means nothing to a ${store.kind} store.`)
  if (store.uses === undefined) refuse(options, ['maxIdle'], usesNotKept(store.kind))
  const settings = engineSettings(options as OpenOptions)
  ttlMs(options.ttl, 'ttl')
  const { release, ...shared } = await shareRemote(store, settings)
  const { engine, events } = shared
  const handle = {
    isClosed: false,
    async release() {
      handle.isClosed = true
      events.ended(handle)
      await release()
    },
  }
  const space = engine.space([])
  const mode = options.values ?? 'frozen'
  const rules = entryRules(options as OpenOptions, engine, undefined)
  const hostOf = (of: AsyncScope) => new RemoteHost(of)
  const backup = (path: string) =>
    backupCopy(new AsyncPersistDict(scope), options as OpenOptions, path)
  const scope = new AsyncScope({ ...shared, space, mode, rules, hostOf, backup, handle })
  try {
    const initial = Object.entries(options.initial ?? {})
    const write = ([key, value]: [string, unknown]) =>
      scope.setOver(scope.key(key), undefined, value, undefined)
    await engine.initialise(space, initial.map(write))
    const tell = (error: unknown) => events.errors.tell(error)
    await checkRemoteAtOpen(engine, options.check ?? 'off', tell)
  } catch (error) {
    await handle.release()
    throw error
  }
  return scope
}

function usesNotKept(kind: string): string {
  return `The ${kind} store does not keep when rows were last used (AsyncStore.uses).`
}

function asked<S extends object, K>(
  given: Place | AsyncOpenOptionsWithPlace<S, K>,
  separate: AsyncOpenOptions<S, K>,
): { place: Place; options: AsyncOpenOptions<S, K> } {
  if (typeof given === 'object' && given !== null && !isStore(given)) {
    const { path, store, ...options } = given
    const place = path ?? store
    if (place !== undefined && (path === undefined || store === undefined)) {
      return { place, options: options as AsyncOpenOptions<S, K> }
    }
  } else if (isStore(given) || (typeof given === 'string' && given !== '')) {
    return { place: given, options: separate }
  }
  throw new OptionError(
    'path',
    'openAsync() takes the path of a directory, or a store such as redisStore(); or options with one of both as "path" or "store".',
  )
}

function isStore(place: unknown): place is SyncStore | AsyncStore {
  return (
    isAsyncStore(place) || typeof (place as Partial<SyncStore> | null)?.transaction === 'function'
  )
}

function isAsyncStore(place: unknown): place is AsyncStore {
  return typeof (place as Partial<AsyncStore> | null)?.commit === 'function'
}

/** Throws OptionError for the first of the named options that was given, and not as null, which is for none. */
function refuse(options: object, names: readonly string[], why: string): void {
  const name = names.find((each) => isGiven((options as Record<string, unknown>)[each]))
  if (name !== undefined) {
    throw new OptionError(name, `Option "${name}" cannot be used with openAsync() here. ${why}`)
  }
}

function isGiven(option: unknown): boolean {
  return option !== undefined && option !== null
}
