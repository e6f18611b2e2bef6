/**
 * Saving what is pending when the process or thread ends.
 *
 * Node's 'exit' event comes on a natural end, process.exit(), an uncaught error and an unhandled
 * rejection, in worker threads too. Ours runs before all other listeners: touching lmdb after its own
 * listener has closed the environments is fatal. A signal ends the process without the event.
 */
import { StoreBusyError } from '../errors/store-errors.js'
import type { Listeners } from './listeners.js'

/** What the hook needs of an engine. */
export interface Closable {
  readonly isClosed: boolean
  readonly isInTransaction: boolean
  flushSync(): void
  close(): void
  /** Inside a transaction: it rolls back with this error, whoever catches it meanwhile. */
  failTransaction(error: unknown): void
}

const open = new Map<Closable, Listeners<unknown>>()
let isListening = false
/** The process was to exit inside a transaction, and will as soon as that is left. */
let isLeaving = false

/** Commits and closes the engine at exit, unless it was closed before. */
export function flushAtExit(engine: Closable, errors: Listeners<unknown>): void {
  for (const known of open.keys()) if (known.isClosed) open.delete(known)
  open.set(engine, errors)
  if (isListening) return
  isListening = true
  process.prependListener('exit', closeAll)
}

/**
 * Every engine gets its chance; the first failure that nobody listens for is thrown at the end.
 *
 * In the middle of a transaction nothing can be committed, nor can the store be closed. There an error
 * unwinds the stack, which rolls back as any error does; resumeExit() begins again outside.
 */
function closeAll(): void {
  const running = runningTransactions()
  if (running.length > 0) {
    isLeaving = true
    const error = new Error('The process ends inside a transaction.')
    for (const engine of running) engine.failTransaction(error)
    throw error
  }
  let unheard: { readonly error: unknown } | undefined
  for (const [engine, errors] of open) {
    try {
      engine.close()
    } catch (error) {
      // All is committed. Others keep the store locked, so that it cannot be closed: it ends with the process.
      if (error instanceof StoreBusyError && isSaved(engine)) continue
      errors.tell(error)
      if (errors.isEmpty) unheard ??= { error }
    }
  }
  open.clear()
  if (unheard !== undefined) throw unheard.error
}

function runningTransactions(): Closable[] {
  return [...open.keys()].filter((engine) => engine.isInTransaction)
}

/** Call when a transaction has rolled back. If the process was to exit inside, it does now. */
export function resumeExit(): void {
  if (!isLeaving || runningTransactions().length > 0) return
  isLeaving = false
  // The error has kept the event from those that listen, us included.
  process.emit('exit', Number(process.exitCode ?? 0))
  process.exit()
}

function isSaved(engine: Closable): boolean {
  try {
    engine.flushSync()
    return true
  } catch {
    return false
  }
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const onSignals = new Set<Closable>()
let isListeningToSignals = false

/** Commits the engine's pending writes on a signal that would end the process, and lets it end. */
export function flushOnSignals(engine: Closable): void {
  for (const known of onSignals) if (known.isClosed) onSignals.delete(known)
  onSignals.add(engine)
  if (isListeningToSignals) return
  isListeningToSignals = true
  for (const signal of SIGNALS) process.prependListener(signal, flushAndEnd)
}

function flushAndEnd(signal: NodeJS.Signals): void {
  for (const engine of onSignals) {
    // In the middle of a transaction there is nothing to save but what it may still roll back.
    if (!engine.isClosed && !engine.isInTransaction) engine.flushSync()
  }
  // Somebody else listens, too: ending the process is theirs to decide, and another signal may come.
  if (process.listenerCount(signal) > 1) return
  for (const name of SIGNALS) process.off(name, flushAndEnd)
  process.kill(process.pid, signal)
}
