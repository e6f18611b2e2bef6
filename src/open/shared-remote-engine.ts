/** One engine serves all dicts over an AsyncStore in this thread, as shared-engine.ts has it. */
import type { Clock, Timer } from '../clock.js'
import type { Warning } from '../dict/events/dict-events.js'
import { StoreEvents } from '../dict/events/store-events.js'
import type { Recipes } from '../dict/recipes.js'
import { RemoteEngine } from '../engine/async/remote-engine.js'
import { checkRemoteIdentity } from '../engine/async/remote-identity.js'
import { AsyncLeases } from '../engine/leases/async-leases.js'
import { Leasing } from '../engine/leases/leasing.js'
import { Listeners } from '../engine/listeners.js'
import { allRecipes } from '../recipes/all-recipes.js'
import type { AsyncStore } from '../store/async-store.js'
import { type EngineSettings, refuseConflict } from './engine-settings.js'

interface Shared {
  readonly engine: RemoteEngine
  readonly events: StoreEvents
  readonly leasing: Leasing
  readonly recipes: Recipes
  readonly agreed: EngineSettings['agreed']
  /** Resolves when the store is known to fit the settings. */
  readonly checked: Promise<void>
  /** Ends the sweeping. */
  readonly stop: () => void
  users: number
}

/** One dict's part in an engine. */
export interface RemoteShare {
  readonly engine: RemoteEngine
  readonly events: StoreEvents
  readonly leasing: Leasing
  readonly recipes: Recipes
  /** Gives the share back. The last one closes the store. */
  release(): Promise<void>
}

const shared = new Map<string, Shared>()

/** The engine of a store. Rejects with FormatMismatchError, OpenConflictError or what the store says. */
export async function shareRemote(
  store: AsyncStore,
  settings: EngineSettings,
): Promise<RemoteShare> {
  const { identity } = store
  const entry = await joined(store, settings)
  const { engine, events, leasing, recipes } = entry
  const release = async () => {
    if (--entry.users > 0) return
    if (shared.get(identity) === entry) shared.delete(identity)
    entry.stop()
    try {
      await leasing.close()
    } finally {
      await engine.close()
    }
  }
  try {
    // The engine has a store of its own; this one was made only to learn which it is.
    if (engine.store !== store) await store.close()
    await entry.checked
    return { engine, events, leasing, recipes, release }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * The engine of a store with one user more, made if need be. Rejects with what is wrong with the
 * settings; the store is closed then, unless an engine has it.
 */
async function joined(store: AsyncStore, settings: EngineSettings): Promise<Shared> {
  const existing = shared.get(store.identity)
  try {
    if (existing !== undefined) refuseConflict(store.location, existing.agreed, settings.agreed)
    const entry = existing ?? made(store, settings)
    // Before anything is waited for: who comes next must find it.
    entry.users++
    shared.set(store.identity, entry)
    return entry
  } catch (error) {
    if (existing?.engine.store !== store) await store.close()
    throw error
  }
}

function made(store: AsyncStore, settings: EngineSettings): Shared {
  const errors = new Listeners<unknown>()
  const warnings = new Listeners<Warning>()
  const onError = (error: unknown) => errors.tell(error)
  const { keySettings, clock, durability, agreed } = settings
  const codec = settings.makeCodec()
  const cache = settings.makeCache()
  const engine = new RemoteEngine({ store, codec, keySettings, cache, clock, durability, onError })
  const checked = checkRemoteIdentity(store, settings.identity)
  const stop = settings.background === true ? sweepFromTimeToTime(engine, clock, onError) : () => {}
  const events = new StoreEvents(engine, errors, warnings)
  const leasing = new Leasing(new AsyncLeases(store, clock), clock, onError)
  return { engine, events, leasing, recipes: allRecipes(), agreed, checked, stop, users: 0 }
}

/** Stores that drop expired rows themselves leave nothing to sweep: asking them costs a command. */
const SWEEP_PAUSE_MS = 60_000

function sweepFromTimeToTime(
  engine: RemoteEngine,
  clock: Clock,
  onError: (error: unknown) => void,
): () => void {
  let timer: Timer
  const sweep = async () => {
    try {
      if (!engine.isClosed) await engine.sweep()
    } catch (error) {
      if (!engine.isClosed) onError(error)
    }
    if (!engine.isClosed) timer = clock.after(SWEEP_PAUSE_MS, sweep)
  }
  timer = clock.after(SWEEP_PAUSE_MS, sweep)
  return () => timer.cancel()
}
