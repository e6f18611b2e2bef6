/** What goes on without anybody's call: expiry at the deadline, and sweeping. */

import { MAX_UINT48 } from '../bytes.js'
import type { StoreEvents } from '../dict/events/store-events.js'
import type { AccessTimes } from '../engine/access-times.js'
import { Reporter } from '../engine/activity/reporter.js'
import type { Change } from '../engine/change.js'
import { Diagnostics } from '../engine/diagnostics.js'
import type { Engine } from '../engine/engine.js'
import { expireRows, stillDue } from '../engine/expired.js'
import type { FurtherDue } from '../engine/further-due.js'
import type { SyncLeases } from '../engine/leases/sync-leases.js'
import { ROWS } from '../engine/row.js'
import { SweepWork } from '../engine/sweep-work.js'
import { TagSweep } from '../engine/tag-sweep.js'
import { PromptExpiry } from '../expiry/prompt-expiry.js'
import { Sweeper } from '../expiry/sweeper.js'
import type { Background } from './open-options.js'
import { type Elsewhere, SweepThread } from './sweep-thread.js'

/** Expired rows that a commit takes with it where there is no sweeper: too few to be noticed. */
const ROWS_PER_COMMIT = 16

/**
 * Leases that dead processes have left behind are removed once, so long after opening: not by programs
 * that end sooner, and often enough, as each crash leaves few.
 */
const TIDY_AFTER_MS = 5_000

export interface BackgroundParts {
  readonly engine: Engine
  readonly events: StoreEvents
  readonly leases: SyncLeases
  readonly accessTimes: AccessTimes | undefined
  readonly mode: Background
  /** What another thread opens the store with; undefined if none can. */
  readonly elsewhere: Elsewhere | undefined
}

/** Starts what the mode asks for; returns how to stop it. Call that before the store is closed. */
export function startBackground(parts: BackgroundParts): () => void {
  const { engine, events, accessTimes, mode } = parts
  const diagnostics = new Diagnostics(engine)
  const end = () => {
    diagnostics.close()
    events.close()
  }
  if (mode === 'disabled') return end
  const stopPrompt = promptExpiry(engine, events)
  const onError = (error: unknown) => events.errors.tell(error)
  const sweeper = mode ? backgroundSweeper(parts) : undefined
  const stopSweeping = sweeper?.stop ?? sweepingCommits(engine, accessTimes)
  const reporter = new Reporter(engine, () => sweeper?.isLeading() ?? false, onError)
  return () => {
    stopPrompt()
    stopSweeping()
    reporter.close()
    end()
  }
}

interface RunningSweeper {
  isLeading(): boolean
  stop(): void
}

function backgroundSweeper(parts: BackgroundParts): RunningSweeper {
  const { engine, events, leases, accessTimes, elsewhere } = parts
  const onError = (error: unknown) => events.errors.tell(error)
  const thread = elsewhere && new SweepThread(elsewhere, onError)
  // Also where the process ends before anybody has closed the dict.
  const forget = engine.hooks.add({ wantsChanges: () => false, closing: () => thread?.stop() })
  const work = new SweepWork(engine, leases, furtherDue(engine, accessTimes), thread)
  const sweeper = new Sweeper({ clock: engine.clock, work, onError })
  sweeper.start()
  const tidying = engine.clock.after(TIDY_AFTER_MS, () => {
    try {
      leases.tidy()
    } catch (error) {
      onError(error)
    }
  })
  return {
    isLeading: () => sweeper.isLeading,
    stop() {
      tidying.cancel()
      sweeper.stop()
      thread?.stop()
      forget()
    },
  }
}

/** What else the sweeper removes. */
export function furtherDue(engine: Engine, accessTimes: AccessTimes | undefined): FurtherDue[] {
  const further = [invalidatedRows(engine)]
  return accessTimes === undefined ? further : [...further, accessTimes]
}

/** The rows of entries that were invalidated by tag. */
function invalidatedRows(engine: Engine): FurtherDue {
  const sweep = new TagSweep(engine)
  return {
    isDue: (reader) => sweep.isDue(reader),
    expire: (session, rows) => sweep.step(session, rows).removed,
  }
}

/** Without a sweeper, whoever writes removes a few expired rows each time. */
function sweepingCommits(engine: Engine, accessTimes: AccessTimes | undefined): () => void {
  return engine.hooks.add({
    wantsChanges: () => false,
    beforeCommit: (session) => {
      if (!session.hasWritten) return
      expireRows(engine, session, session.tx.due(ROWS, session.now, ROWS_PER_COMMIT))
      accessTimes?.expire(session, ROWS_PER_COMMIT)
    },
  })
}

/**
 * Entries are removed at their deadline while somebody here listens for that: all entries, or, if
 * nobody but handlers of single keys does, those alone. The rest is left to whoever listens elsewhere.
 */
function promptExpiry(engine: Engine, events: StoreEvents): () => void {
  const { hub, keyHandlers } = events
  const hearsAll = () => hub.hears('expire')
  const prompt = new PromptExpiry({
    clock: engine.clock,
    upcoming: (limit) =>
      hearsAll() ? engine.store.due(ROWS, MAX_UINT48 - 1, limit) : keyHandlers.upcoming(limit),
    remove: (hints) => {
      const due = stillDue(engine.store, hints)
      if (due.length > 0) engine.transaction((session) => void expireRows(engine, session, due))
    },
    onError: (error) => events.errors.tell(error),
  })
  const hook = {
    wantsChanges: () => true,
    committed: (changes: readonly Change[]) => {
      for (const { kind, storageKey, entry } of changes) {
        // The keys of a namespace that was emptied are not known: their rows are found gone.
        if (kind !== 'clear') prompt.note(storageKey, kind === 'set' ? (entry?.expiresAt ?? 0) : 0)
      }
    },
  }
  let stopHearing: (() => void)[] = []
  let mode: 'off' | 'own' | 'all' = 'off'
  const become = (next: typeof mode) => {
    if (next === mode) return
    mode = next
    for (const stop of stopHearing) stop()
    stopHearing = []
    prompt.stop()
    if (mode === 'off') return
    if (mode === 'all') {
      stopHearing = [engine.hooks.add(hook), engine.store.onCommit(() => prompt.look())]
    }
    prompt.start()
  }
  const attend = () => become(hearsAll() ? 'all' : keyHandlers.expiring > 0 ? 'own' : 'off')
  hub.onInterest = attend
  keyHandlers.onDeadline = (storageKey, deadline) => prompt.note(storageKey, deadline)
  keyHandlers.onInterest = () => {
    attend()
    events.attendElsewhere()
  }
  return () => {
    hub.onInterest = () => {}
    keyHandlers.onInterest = () => {}
    keyHandlers.onDeadline = () => {}
    become('off')
  }
}
