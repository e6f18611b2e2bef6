/**
 * Decides whether a history of operations on one key is linearizable: whether each operation can be
 * given an instant between its call and its return, so that all of them, done one after the other at
 * these instants, answer what they answered.
 *
 * The search is that of Wing and Gong ("Testing and Verifying Concurrent Objects", Journal of Parallel
 * and Distributed Computing 17, 1993), and it remembers the configurations that it has been to, as Lowe
 * ("Testing for linearizability", Concurrency and Computation 29, 2017) and the Porcupine checker do. A
 * configuration is how far each process has come, and the state. The operations of one process take
 * effect in its own order, so that there are few of them, and the search ends.
 *
 * Linearizability is local (Herlihy and Wing, ACM TOPLAS 12, 1990): a history is linearizable if that of
 * each key is. So keys are checked apart.
 */

/** The value of a key; null where there is none. */
export type State = string | number | null

/** What an operation did to its key, and what it answered. */
export type Action =
  | { readonly kind: 'get'; readonly result: State }
  | { readonly kind: 'has'; readonly result: boolean }
  | { readonly kind: 'set'; readonly value: State }
  | { readonly kind: 'delete'; readonly result: boolean }
  | { readonly kind: 'take'; readonly result: State }
  | { readonly kind: 'increment'; readonly by: number; readonly result: State }
  | { readonly kind: 'update'; readonly from: State; readonly value: State }
  | {
      readonly kind: 'compareAndSet'
      readonly expected: State
      readonly value: State
      readonly result: boolean
    }
  | { readonly kind: 'getOrInsert'; readonly value: State; readonly result: State }

export interface Operation {
  readonly process: number
  readonly key: string
  /** Nanoseconds by a clock that all processes share. */
  readonly call: number
  /** The instant by which it had taken effect; Infinity if nothing is known of that. */
  readonly return: number
  readonly action: Action
}

/** More configurations than any history that we make has; beyond, the search gives up. */
const MAX_CONFIGURATIONS = 20_000_000

/** What cannot be put in any order, in words; nothing if the history is linearizable. */
export function violations(history: readonly Operation[]): string[] {
  const keys = new Map<string, Operation[]>()
  for (const operation of history) {
    const operations = keys.get(operation.key)
    if (operations === undefined) keys.set(operation.key, [operation])
    else operations.push(operation)
  }
  return [...keys].flatMap(([key, operations]) => {
    const stuck = search(operations)
    return stuck === undefined ? [] : [`key ${key}: ${stuck}`]
  })
}

interface Configuration {
  /** How many operations of each process have taken effect. */
  readonly done: readonly number[]
  readonly state: State
}

/** Why there is no order, or undefined if there is one. */
function search(operations: readonly Operation[]): string | undefined {
  const processes = byProcess(operations)
  const first: Configuration = { done: processes.map(() => 0), state: null }
  const seen = new Set<string>()
  const open = [first]
  let furthest = first
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const count = sum(at.done)
    if (count === operations.length) return undefined
    if (count > sum(furthest.done)) furthest = at
    if (seen.size > MAX_CONFIGURATIONS) return 'undecided: too many configurations'
    for (const next of nextOf(processes, at)) {
      const name = `${next.done.join()}|${typeof next.state}${next.state}`
      if (seen.has(name)) continue
      seen.add(name)
      open.push(next)
    }
  }
  return describe(processes, furthest)
}

/**
 * The operations of each process in its order. Each takes effect before the next one of its process
 * does, so it has done so by the return of that one, too.
 */
function byProcess(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const processes = new Map<number, Operation[]>()
  for (const operation of operations) {
    const own = processes.get(operation.process)
    if (own === undefined) processes.set(operation.process, [operation])
    else own.push(operation)
  }
  return [...processes.values()].map((own) => {
    let latest = Number.POSITIVE_INFINITY
    return own
      .toReversed()
      .map((operation) => {
        latest = Math.min(latest, operation.return)
        return { ...operation, return: latest }
      })
      .reverse()
  })
}

/** What may happen next, the likeliest last: an operation that began before any other has ended. */
function nextOf(
  processes: readonly (readonly Operation[])[],
  { done, state }: Configuration,
): Configuration[] {
  const heads = processes.map((own, process) => own[done[process] as number])
  const end = Math.min(...heads.map((head) => head?.return ?? Number.POSITIVE_INFINITY))
  return heads
    .flatMap((head, process) => (head !== undefined && head.call <= end ? [{ head, process }] : []))
    .sort((a, b) => b.head.return - a.head.return)
    .flatMap(({ head, process }) => {
      const after = apply(state, head.action)
      if (after === undefined) return []
      return [{ done: done.with(process, (done[process] as number) + 1), state: after }]
    })
}

/** The state after an action; undefined if in this state it would have answered something else. */
export function apply(state: State, action: Action): State | undefined {
  switch (action.kind) {
    case 'get':
      return state === action.result ? state : undefined
    case 'has':
      return (state !== null) === action.result ? state : undefined
    case 'set':
      return action.value
    case 'delete':
      return (state !== null) === action.result ? null : undefined
    case 'take':
      return state === action.result ? null : undefined
    case 'increment':
      if (typeof state === 'string') return undefined
      return (state ?? 0) + action.by === action.result ? action.result : undefined
    case 'update':
      return state === action.from ? action.value : undefined
    case 'compareAndSet':
      if ((state === action.expected) !== action.result) return undefined
      return action.result ? action.value : state
    case 'getOrInsert': {
      const after = state ?? action.value
      return after === action.result ? after : undefined
    }
  }
}

function describe(
  processes: readonly (readonly Operation[])[],
  { done, state }: Configuration,
): string {
  const heads = processes.flatMap((own, process) => {
    const head = own[done[process] as number]
    return head === undefined ? [] : [shown(head)]
  })
  return `after ${sum(done)} operations the value is ${JSON.stringify(state)}, and none of these can be next: ${heads.join('; ')}`
}

function shown({ process, call, return: end, action }: Operation): string {
  return `process ${process} from ${call} to ${end}: ${JSON.stringify(action)}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
