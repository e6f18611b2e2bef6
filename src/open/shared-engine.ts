/**
 * One engine serves all dicts of a store in this thread, so that they share its cache and its pending
 * writes; a set through one is seen by the next get through another.
 */
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import type { ValueCodec } from '../codec/value-codec.js'
import type { Warning } from '../dict/events/dict-events.js'
import { StoreEvents } from '../dict/events/store-events.js'
import { LiveRoots } from '../dict/live/live-roots.js'
import type { Recipes } from '../dict/recipes.js'
import { AccessTimes } from '../engine/access-times.js'
import { Capacity } from '../engine/capacity/capacity.js'
import { ChangeFeed } from '../engine/change-feed.js'
import { Engine } from '../engine/engine.js'
import { flushAtExit } from '../engine/exit-hook.js'
import { checkIdentity } from '../engine/format-identity.js'
import { engineLeasing, type Leasing } from '../engine/leases/leasing.js'
import type { SyncLeases } from '../engine/leases/sync-leases.js'
import { Listeners } from '../engine/listeners.js'
import { MessageBudget } from '../engine/message-budget.js'
import { sealedStore } from '../engine/sealed-store.js'
import { allRecipes } from '../recipes/all-recipes.js'
import type { SyncStore } from '../store/sync-store.js'
import { startBackground } from './background.js'
import { type EngineSettings, refuseConflict } from './engine-settings.js'

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
  readonly accessTimes: AccessTimes | undefined
  /** Ends what goes on in the background. */
  readonly stop: () => void
  readonly agreed: EngineSettings['agreed']
  users: number
}

/** One dict's part in an engine. */
export interface Share {
  readonly engine: Engine
  readonly capacity: Capacity
  readonly events: StoreEvents
  readonly live: LiveRoots
  readonly leasing: Leasing<SyncLeases>
  readonly recipes: Recipes
  readonly accessTimes: AccessTimes | undefined
  /** Gives the share back. The last one commits and closes; if that throws, see Engine.close(). */
  release(): void
}

const shared = new Map<string, Shared>()

/**
 * The engine of a store. `sweeper` is what a thread that sweeps runs; without it there is none. Throws
 * FormatMismatchError or OpenConflictError, the store closed again.
 */
export function share(store: SyncStore, settings: EngineSettings, sweeper?: URL): Share {
  const existing = shared.get(store.identity)
  // The engine has a store of its own; this one was opened only to learn which it is.
  if (existing !== undefined && existing.store !== store) store.close()
  if (existing !== undefined) settings.encryption.refuseOther(existing.store, existing.secrets)
  const entry = existing ?? made(store, settings, sweeper)
  refuseConflict(store.location, entry.agreed, settings.agreed)
  entry.users++
  shared.set(store.identity, entry)
  const { engine, capacity, events, live, leasing, recipes, accessTimes } = entry
  return {
    engine,
    capacity,
    events,
    live,
    leasing,
    recipes,
    accessTimes,
    release() {
      try {
        if (entry.users === 1) {
          entry.stop()
          if (!engine.isClosed) leasing.close()
          engine.close()
        }
        entry.users--
      } finally {
        if (engine.isClosed) shared.delete(store.identity)
      }
    },
  }
}

function made(store: SyncStore, settings: EngineSettings, sweeper: URL | undefined): Shared {
  const errors = new Listeners<unknown>()
  const warnings = new Listeners<Warning>()
  const onError = (error: unknown) => errors.tell(error)
  const { codec, secrets } = prepared(store, settings)
  const { clock, durability, maxAgeMs, maxIdleMs, agreed } = settings
  // Nobody can listen before open() has returned.
  for (const notice of store.notices ?? []) clock.endOfTurn(() => warnings.tell(notice))
  const engine = new Engine({
    store: secrets === undefined ? store : sealed(store, secrets, warnings),
    codec,
    keySettings: { ...settings.keySettings, secrets },
    cache: settings.makeCache(),
    clock,
    durability,
    maxAgeMs,
    onError,
  })
  flushAtExit(engine, errors)
  const capacity = new Capacity(engine, onError)
  const live = new LiveRoots(engine, onError)
  const leasing = engineLeasing(engine, onError)
  const feed = new ChangeFeed(engine, onError)
  const events = new StoreEvents(engine, errors, warnings, feed)
  const mode = settings.background
  const hasIdle = Number.isFinite(maxIdleMs)
  const accessTimes = hasIdle ? new AccessTimes(engine, maxIdleMs, onError) : undefined
  const stop = startBackground({
    engine,
    events,
    leases: leasing.table,
    accessTimes,
    mode,
    elsewhere: sweeper && settings.elsewhere(store, sweeper),
  })
  const recipes = allRecipes()
  const parts = { engine, capacity, events, live, leasing, recipes, accessTimes, stop }
  return { store, secrets, ...parts, agreed, users: 0 }
}

/** What a store that fits the settings is read with; a store that does not is closed. */
function prepared(
  store: SyncStore,
  settings: EngineSettings,
): { readonly codec: ValueCodec; readonly secrets: StoreSecrets | undefined } {
  const { encryption, identity } = settings
  try {
    const codec = settings.makeCodec()
    checkIdentity(store, identity, encryption.firstRow)
    return { codec, secrets: encryption.secretsOf(store) }
  } catch (error) {
    store.close()
    throw error
  }
}

function sealed(store: SyncStore, secrets: StoreSecrets, warnings: Listeners<Warning>): SyncStore {
  const warn = (message: string) => warnings.tell({ code: 'key-use', message })
  return sealedStore(store, secrets, new MessageBudget(secrets, warn))
}
