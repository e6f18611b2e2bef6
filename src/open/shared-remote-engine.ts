/** One engine serves all dicts over an AsyncStore in this thread, as shared-engine.ts has it. */
import type { Clock, Timer } from '../clock.js'
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import type { Warning } from '../dict/events/dict-events.js'
import { StoreEvents } from '../dict/events/store-events.js'
import type { Recipes } from '../dict/recipes.js'
import { RemoteReporter } from '../engine/activity/remote-reporter.js'
import { RemoteBudget } from '../engine/async/remote-budget.js'
import { RemoteEngine } from '../engine/async/remote-engine.js'
import { checkRemoteIdentity } from '../engine/async/remote-identity.js'
import { SealedAsyncStore } from '../engine/async/sealed-async-store.js'
import type { Feed } from '../engine/feed.js'
import { grainMsOf } from '../engine/idleness.js'
import { AsyncLeases } from '../engine/leases/async-leases.js'
import { Leasing } from '../engine/leases/leasing.js'
import { Listeners } from '../engine/listeners.js'
import { UnsupportedError } from '../errors/store-errors.js'
import { allRecipes } from '../recipes/all-recipes.js'
import type { AsyncStore } from '../store/async-store.js'
import { type EngineSettings, refuseConflict } from './engine-settings.js'

interface Shared {
  /** The store that was opened; the engine's may be a sealing one over it. */
  readonly store: AsyncStore
  readonly agreed: EngineSettings['agreed']
  /** Rejects if the store does not fit the settings. */
  readonly parts: Promise<Parts>
  users: number
}

interface Parts {
  readonly secrets: StoreSecrets | undefined
  readonly engine: RemoteEngine
  readonly events: StoreEvents
  readonly leasing: Leasing
  readonly recipes: Recipes
  /** Ends what goes on in the background. */
  readonly stop: () => Promise<void>
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

/**
 * The engine of a store. Rejects with FormatMismatchError, CipherMismatchError, WrongKeyError,
 * OpenConflictError or what the store says; the store is closed then, unless an engine has it.
 */
export async function shareRemote(
  store: AsyncStore,
  settings: EngineSettings,
): Promise<RemoteShare> {
  const existing = shared.get(store.identity)
  // The engine has a store of its own; this one was made only to learn which it is.
  if (existing !== undefined && existing.store !== store) await store.close()
  const entry = existing ?? {
    store,
    agreed: settings.agreed,
    parts: made(store, settings),
    users: 0,
  }
  // Before anything else is waited for: who comes next must find it.
  entry.users++
  shared.set(store.identity, entry)
  try {
    const { secrets, engine, events, leasing, recipes } = await entry.parts
    if (existing !== undefined) {
      await settings.encryption.refuseOtherRemote(existing.store, secrets)
      refuseConflict(store.location, existing.agreed, settings.agreed)
    }
    return { engine, events, leasing, recipes, release: () => release(entry) }
  } catch (error) {
    await release(entry)
    throw error
  }
}

/** Gives one user's part back. */
async function release(entry: Shared): Promise<void> {
  if (--entry.users > 0) return
  const { identity } = entry.store
  if (shared.get(identity) === entry) shared.delete(identity)
  const parts = await entry.parts.catch(() => undefined)
  if (parts === undefined) {
    await entry.store.close()
    return
  }
  parts.events.close()
  try {
    await parts.stop()
    await parts.leasing.close()
  } finally {
    await parts.engine.close()
  }
}

async function made(opened: AsyncStore, settings: EngineSettings): Promise<Parts> {
  const errors = new Listeners<unknown>()
  const warnings = new Listeners<Warning>()
  const onError = (error: unknown) => errors.tell(error)
  const { clock, durability, maxAgeMs, maxIdleMs } = settings
  const codec = settings.makeCodec()
  const secrets = await prepared(opened, settings)
  const store = secrets === undefined ? opened : sealed(opened, secrets, warnings)
  const keySettings = { ...settings.keySettings, secrets }
  const cache = settings.makeCache()
  const engine = new RemoteEngine({
    store,
    codec,
    keySettings,
    cache,
    clock,
    durability,
    maxAgeMs,
    maxIdleMs,
    onError,
  })
  const stop = startBackground(engine, settings, onError)
  const events = new StoreEvents(engine, errors, warnings, engine.feed ?? noFeed(store.kind))
  // Another process may be the one that removes the entry.
  if (engine.feed !== undefined) events.keyHandlers.onInterest = () => events.attendElsewhere()
  const leasing = new Leasing(new AsyncLeases(store, clock), clock, onError)
  return { secrets, engine, events, leasing, recipes: allRecipes(), stop }
}

/** Starts what the settings ask for; returns how to stop it. */
function startBackground(
  engine: RemoteEngine,
  { background, clock, maxIdleMs }: EngineSettings,
  onError: (error: unknown) => void,
): () => Promise<void> {
  const pauseMs = Math.min(SWEEP_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, grainMsOf(maxIdleMs)))
  const stop = background === true ? sweepFromTimeToTime(engine, clock, pauseMs, onError) : () => {}
  const reporter = background === 'disabled' ? undefined : new RemoteReporter(engine, onError)
  return async () => {
    stop()
    await reporter?.close()
  }
}

/** Of a store that cannot tell what anyone changes. */
function noFeed(kind: string): Feed {
  const open = () => {
    throw new UnsupportedError(kind, 'watch')
  }
  return { open, close: () => {} }
}

/** The secrets of a store that fits the settings; undefined if it is not encrypted. */
async function prepared(
  store: AsyncStore,
  { encryption, identity }: EngineSettings,
): Promise<StoreSecrets | undefined> {
  let secrets: StoreSecrets | undefined
  await checkRemoteIdentity(store, identity, encryption.firstRow, async () => {
    secrets = await encryption.remoteSecretsOf(store)
  })
  return secrets ?? encryption.remoteSecretsOf(store)
}

function sealed(
  store: AsyncStore,
  secrets: StoreSecrets,
  warnings: Listeners<Warning>,
): SealedAsyncStore {
  const warn = (message: string) => warnings.tell({ code: 'key-use', message })
  return new SealedAsyncStore(store, secrets, new RemoteBudget(secrets, store, warn))
}

/** Stores that drop expired rows themselves leave nothing to sweep: asking them costs a command. */
const SWEEP_PAUSE_MS = 60_000

/** With a `maxIdle` of seconds, nobody wants to wait for a minute. */
const SHORTEST_PAUSE_MS = 1_000

function sweepFromTimeToTime(
  engine: RemoteEngine,
  clock: Clock,
  pauseMs: number,
  onError: (error: unknown) => void,
): () => void {
  let timer: Timer
  const sweep = async () => {
    try {
      if (!engine.isClosed) await engine.sweep()
    } catch (error) {
      if (!engine.isClosed) onError(error)
    }
    if (!engine.isClosed) timer = clock.after(pauseMs, sweep)
  }
  timer = clock.after(pauseMs, sweep)
  return () => timer.cancel()
}
