/** The checker of histories, by histories whose verdict is known: right ones, and wrong ones of each kind. */
import { describe, expect, test } from 'vitest'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { type Action, apply, type Operation, type State, violations } from './linearizable.js'

/** One line: process, call, return, action. */
type Row = readonly [process: number, call: number, end: number, action: Action]

function history(...rows: Row[]): Operation[] {
  return rows.map(([process, call, end, action]) => ({
    process,
    key: 'k',
    call,
    return: end,
    action,
  }))
}

const set = (value: State): Action => ({ kind: 'set', value })
const get = (result: State): Action => ({ kind: 'get', result })
const add = (by: number, result: number): Action => ({ kind: 'increment', by, result })
const remove = (result: boolean): Action => ({ kind: 'delete', result })
const cas = (expected: State, value: State, result: boolean): Action => ({
  kind: 'compareAndSet',
  expected,
  value,
  result,
})
const update = (from: State, value: State): Action => ({ kind: 'update', from, value })

describe('violations() finds none', () => {
  const RIGHT: Readonly<Record<string, Operation[]>> = {
    'in nothing': [],
    'in operations one after the other': history(
      [1, 0, 1, set('a')],
      [2, 2, 3, get('a')],
      [1, 4, 5, remove(true)],
      [2, 6, 7, get(null)],
      [2, 8, 9, remove(false)],
    ),
    'where a read during a write sees the value before': history(
      [1, 0, 1, set('a')],
      [1, 2, 9, set('b')],
      [2, 3, 4, get('a')],
      [2, 5, 6, get('b')],
    ),
    'where two writes at once are seen in either order': history(
      [1, 0, 9, set('a')],
      [2, 0, 9, set('b')],
      [3, 10, 11, get('a')],
    ),
    'where additions at once give each its own sum': history(
      [1, 0, 9, add(1, 3)],
      [2, 0, 9, add(2, 2)],
      [3, 10, 11, get(3)],
    ),
    'where one of two deletions at once finds the key': history(
      [1, 0, 1, set('a')],
      [1, 2, 9, remove(true)],
      [2, 2, 9, remove(false)],
    ),
    'in a write of which nobody knows when it took effect': history(
      [1, 0, Number.POSITIVE_INFINITY, set('a')],
      [2, 5, 6, get(null)],
      [2, 7, 8, get('a')],
    ),
    'that needs a choice taken back': history(
      [1, 0, 20, set('a')],
      [2, 0, 20, set('b')],
      [3, 1, 2, get('a')],
      [3, 3, 4, get('b')],
    ),
  }
  test.each(Object.keys(RIGHT))('%s', (name) => {
    expect(violations(RIGHT[name] as Operation[])).toEqual([])
  })
})

describe('violations() finds', () => {
  const WRONG: Readonly<Record<string, Operation[]>> = {
    'a stale read': history([1, 0, 1, set('a')], [1, 2, 3, set('b')], [2, 4, 5, get('a')]),
    'a read that goes back': history(
      [1, 0, 1, set('a')],
      [1, 2, 9, set('b')],
      [2, 3, 4, get('b')],
      [3, 5, 6, get('a')],
    ),
    'a value from nowhere': history([1, 0, 1, set('a')], [2, 2, 3, get('z')]),
    'a cached miss': history([1, 0, 1, set('a')], [2, 2, 3, get(null)]),
    'a lost update': history(
      [1, 0, 9, update(null, 'a')],
      [2, 0, 9, update(null, 'b')],
      [3, 10, 11, get('b')],
    ),
    'a lost addition': history([1, 0, 9, add(1, 1)], [2, 0, 9, add(1, 1)], [3, 10, 11, get(1)]),
    'a double addition': history([1, 0, 1, add(1, 1)], [2, 2, 3, get(2)]),
    'a lost compareAndSet': history(
      [1, 0, 1, set('a')],
      [1, 2, 9, cas('a', 'b', true)],
      [2, 2, 9, cas('a', 'c', true)],
    ),
    'a compareAndSet that fails without a reason': history(
      [1, 0, 1, set('a')],
      [1, 2, 3, cas('a', 'b', false)],
    ),
    'a phantom deletion': history(
      [1, 0, 1, set('a')],
      [1, 2, 9, remove(true)],
      [2, 2, 9, remove(true)],
    ),
    'a deletion that comes back': history(
      [1, 0, 1, set('a')],
      [1, 2, 3, remove(true)],
      [2, 4, 5, get('a')],
    ),
    'a value inserted twice': history(
      [1, 0, 9, { kind: 'getOrInsert', value: 'a', result: 'a' }],
      [2, 0, 9, { kind: 'getOrInsert', value: 'b', result: 'b' }],
    ),
    'a value taken twice': history(
      [1, 0, 1, set('a')],
      [1, 2, 9, { kind: 'take', result: 'a' }],
      [2, 2, 9, { kind: 'take', result: 'a' }],
    ),
    'writes of one process that change places': history(
      [1, 0, Number.POSITIVE_INFINITY, set('a')],
      [1, 1, Number.POSITIVE_INFINITY, set('b')],
      [2, 10, 11, get('b')],
      [2, 12, 13, get('a')],
    ),
  }
  test.each(Object.keys(WRONG))('%s', (name) => {
    expect(violations(WRONG[name] as Operation[])).toHaveLength(1)
  })
})

/** Random histories that a real order was behind, with as much overlap as possible. */
function truth(seed: number, operations: number, processes: number): Operation[] {
  const random = randomOf(seed)
  let state: State = null
  const rows: Operation[] = []
  const ends = Array.from({ length: processes }, () => 0)
  for (let at = 1; at <= operations; at++) {
    const instant = at * 10
    const process = random.below(processes)
    const action = random.pick<Action>([
      get(state),
      set(`${at}`),
      remove(state !== null),
      cas(state, `${at}`, true),
      cas('never', `${at}`, false),
      update(state, `${at}`),
    ])
    state = apply(state, action) as State
    const call = Math.max(ends[process] as number, instant - random.below(200))
    const end = instant + random.below(200)
    ends[process] = end + 1
    if (call > instant) continue
    rows.push({ process, key: 'k', call, return: end, action })
  }
  return rows
}

test('violations() accepts every history that an order was behind, and decides on 3,000 operations of 8 processes', () => {
  const seed = seedOf('histories')
  for (let round = 0; round < 100; round++) {
    const rows = replayed(truth(seed + round, 60, 4))
    expect(violations(rows), `round ${round}`).toEqual([])
  }
  expect(violations(replayed(truth(seed, 3_000, 8)))).toEqual([])
})

test('violations() finds a single wrong answer among 2,000 operations', () => {
  const seed = seedOf('histories with one wrong answer')
  for (let round = 0; round < 20; round++) {
    const rows = replayed(truth(seed + round, 2_000, 4))
    const at = randomOf(seed + round).below(rows.length)
    const wrong = { ...(rows[at] as Operation), action: get('from nowhere') }
    expect(violations(rows.with(at, wrong)), `round ${round}`).toHaveLength(1)
  }
})

/** Answers made right again after operations were left out. */
function replayed(rows: readonly Operation[]): Operation[] {
  let state: State = null
  return rows.map((row) => {
    const { action } = row
    const right = answered(action, state)
    state = apply(state, right) as State
    return { ...row, action: right }
  })
}

function answered(action: Action, state: State): Action {
  switch (action.kind) {
    case 'get':
      return get(state)
    case 'delete':
      return remove(state !== null)
    case 'update':
      return update(state, action.value)
    case 'compareAndSet':
      return cas(action.expected, action.value, state === action.expected)
    default:
      return action
  }
}
