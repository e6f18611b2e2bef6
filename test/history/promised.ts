/**
 * What a process did, as operations whose order is promised.
 *
 * Under `'sync'` and `'commit'` each call is one: it takes effect between its call and its return.
 *
 * Under `'batched'` the promise is another one. `set` and `delete` are pending when they return: other
 * processes see them from their commit on, which comes at the latest with the next flush or atomic
 * operation of this process. So their operation ends there. Until then the process itself reads its own
 * writes: such a read must answer what was written last, and says nothing of what others see. What
 * `delete` answers is a reading of its own, as of its call. Where a turn of the event loop has passed, a
 * pending write may have been committed already, and then a foreign value may be read.
 */
import type { Action, Operation, State } from './linearizable.js'

/** What a client writes down; see children/history-client.mjs. */
export type LogEntry =
  | { readonly kind: 'turn' }
  | { readonly kind: 'flush'; readonly return: number }
  | ({ readonly key: string; readonly call: number; readonly return: number } & (
      | Action
      | { readonly kind: 'getEntry'; readonly result: State }
    ))

export interface Promised {
  readonly operations: readonly Operation[]
  /** Own writes that were not read. */
  readonly violations: readonly string[]
}

export function promised(process: number, durability: string, log: readonly LogEntry[]): Promised {
  const view = new OwnView(process, durability === 'batched')
  for (const entry of log) view.take(entry)
  return view
}

interface Pending {
  readonly value: State
  /** The first turn of the event loop that has passed since: it may be committed by then. */
  turn: number | undefined
}

class OwnView implements Promised {
  readonly operations: Operation[] = []
  readonly violations: string[] = []
  readonly #process: number
  readonly #isBatched: boolean
  readonly #pending = new Map<string, Pending>()
  /** Where in `operations` the pending writes are. */
  #open: { readonly at: number; turn: number | undefined }[] = []
  #turns = 0

  constructor(process: number, isBatched: boolean) {
    this.#process = process
    this.#isBatched = isBatched
  }

  take(entry: LogEntry): void {
    if (entry.kind === 'turn') {
      this.#mayBeCommitted()
      return
    }
    if (entry.kind === 'flush') {
      this.#committed(entry.return)
      return
    }
    const { key, call, return: end, ...rest } = entry
    const action = rest as Action | { readonly kind: 'getEntry'; readonly result: State }
    switch (action.kind) {
      case 'get':
      case 'has':
        this.#read(key, call, end, action)
        return
      case 'getEntry':
        this.#versionRead(key, end)
        this.#add(key, call, end, { kind: 'get', result: action.result })
        return
      case 'set':
        this.#write(key, call, end, action, action.value)
        return
      case 'delete':
        if (!this.#isBatched) this.#add(key, call, end, action)
        else {
          this.#read(key, call, end, { kind: 'has', result: action.result })
          // Where there is nothing to delete, nothing is written.
          if (action.result) this.#write(key, call, end, { kind: 'set', value: null }, null)
        }
        return
      case 'getOrInsert':
        if (action.result === action.value) this.#atomic(key, call, end, action)
        else {
          this.#read(key, call, end, { kind: 'get', result: action.result })
          // It has begun a transaction if it found nothing at first.
          this.#mayBeCommitted()
        }
        return
      default:
        this.#atomic(key, call, end, action)
    }
  }

  #mayBeCommitted(): void {
    this.#turns++
    for (const pending of this.#pending.values()) pending.turn ??= this.#turns
    for (const open of this.#open) open.turn ??= this.#turns
  }

  #read(key: string, call: number, end: number, action: Action): void {
    const pending = this.#pending.get(key)
    if (pending !== undefined) {
      if (isAnswered(action, pending.value)) return
      if (pending.turn === undefined) {
        this.violations.push(
          `process ${this.#process} wrote ${JSON.stringify(pending.value)} to ${key}, and then: ${JSON.stringify(action)}`,
        )
        return
      }
    }
    this.#add(key, call, end, action)
  }

  #write(key: string, call: number, end: number, action: Action, value: State): void {
    if (!this.#isBatched) {
      this.#add(key, call, end, action)
      return
    }
    this.#open.push({ at: this.operations.length, turn: undefined })
    this.#add(key, call, Number.POSITIVE_INFINITY, action)
    this.#pending.set(key, { value, turn: undefined })
  }

  #atomic(key: string, call: number, end: number, action: Action): void {
    this.#committed(end)
    this.#add(key, call, end, action)
  }

  /**
   * The version of a pending write is known only once it is committed: reading it commits all. But if a
   * turn has committed it already, nothing is done, and what was written since stays pending, though
   * further turns have passed: commits may be further apart than turns.
   */
  #versionRead(key: string, end: number): void {
    const pending = this.#pending.get(key)
    if (pending === undefined) return
    const { turn } = pending
    if (turn === undefined) this.#committed(end)
    else this.#committed(end, (other) => other.turn !== undefined && other.turn <= turn)
  }

  /** The pending writes, or those that `isMeant` says, are committed by that instant. */
  #committed(by: number, isMeant = (_: { turn: number | undefined }) => true): void {
    for (const { at } of this.#open.filter(isMeant)) {
      this.operations[at] = { ...(this.operations[at] as Operation), return: by }
    }
    this.#open = this.#open.filter((open) => !isMeant(open))
    for (const [key, pending] of this.#pending) if (isMeant(pending)) this.#pending.delete(key)
  }

  #add(key: string, call: number, end: number, action: Action): void {
    this.operations.push({ process: this.#process, key, call, return: end, action })
  }
}

function isAnswered(action: Action, value: State): boolean {
  if (action.kind === 'has') return action.result === (value !== null)
  return action.kind === 'get' && action.result === value
}
