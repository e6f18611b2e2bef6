/** What is promised of a log, by logs of a few lines. */
import { expect, test } from 'vitest'
import { type LogEntry, promised } from './promised.js'

const set = (key: string, call: number, value: string): LogEntry => ({
  kind: 'set',
  key,
  call,
  return: call + 1,
  value,
})
const get = (key: string, call: number, result: string | null): LogEntry => ({
  kind: 'get',
  key,
  call,
  return: call + 1,
  result,
})
const getEntry = (key: string, call: number, result: string | null): LogEntry => ({
  kind: 'getEntry',
  key,
  call,
  return: call + 1,
  result,
})

/** What became of a log: for each operation its kind, key, call and return. */
function shown(durability: string, ...log: LogEntry[]): string[] {
  const { operations, violations } = promised(0, durability, log)
  return [
    ...operations.map(
      ({ action, key, call, return: end }) => `${action.kind} ${key} ${call} ${end}`,
    ),
    ...violations,
  ]
}

test.each(['sync', 'commit'])("under '%s' each call is an operation", (durability) => {
  expect(shown(durability, set('a', 1, 'x'), get('a', 3, 'x'), getEntry('a', 5, 'x'))).toEqual([
    'set a 1 2',
    'get a 3 4',
    'get a 5 6',
  ])
})

test("under 'batched' a write ends with the next flush or atomic operation", () => {
  const flush: LogEntry = { kind: 'flush', return: 9 }
  expect(shown('batched', set('a', 1, 'x'), set('b', 3, 'y'), flush)).toEqual([
    'set a 1 9',
    'set b 3 9',
  ])
  const increment: LogEntry = { kind: 'increment', key: 'c', call: 5, return: 6, by: 1, result: 1 }
  expect(shown('batched', set('a', 1, 'x'), increment)).toEqual(['set a 1 6', 'increment c 5 6'])
  expect(shown('batched', set('a', 1, 'x'))).toEqual(['set a 1 Infinity'])
})

test("under 'batched' a process reads its own writes, and others' once they may be committed", () => {
  expect(shown('batched', set('a', 1, 'x'), get('a', 3, 'x'))).toEqual(['set a 1 Infinity'])
  expect(shown('batched', set('a', 1, 'x'), get('a', 3, 'y'))).toContainEqual(
    expect.stringContaining('process 0 wrote "x" to a'),
  )
  expect(shown('batched', set('a', 1, 'x'), { kind: 'turn' }, get('a', 3, 'y'))).toEqual([
    'set a 1 Infinity',
    'get a 3 4',
  ])
})

test("under 'batched' what delete() answers is a reading, and its effect is pending", () => {
  const remove = (call: number, result: boolean): LogEntry => ({
    kind: 'delete',
    key: 'a',
    call,
    return: call + 1,
    result,
  })
  expect(shown('batched', remove(1, true))).toEqual(['has a 1 2', 'set a 1 Infinity'])
  expect(shown('batched', remove(1, false))).toEqual(['has a 1 2'])
})

test("under 'batched' getEntry() of a pending key commits all, but not what a turn may have left", () => {
  expect(shown('batched', set('a', 1, 'x'), set('b', 3, 'y'), getEntry('a', 5, 'x'))).toEqual([
    'set a 1 6',
    'set b 3 6',
    'get a 5 6',
  ])
  // If the turn has committed "a", getEntry() does nothing for "b".
  expect(
    shown('batched', set('a', 1, 'x'), { kind: 'turn' }, set('b', 3, 'y'), getEntry('a', 5, 'x')),
  ).toEqual(['set a 1 6', 'set b 3 Infinity', 'get a 5 6'])
})

test("under 'batched' getEntry() of a key that an earlier turn committed says nothing of later writes", () => {
  const turn: LogEntry = { kind: 'turn' }
  const log = [set('a', 1, 'x'), turn, set('b', 3, 'y'), turn, getEntry('a', 5, 'x')]
  expect(shown('batched', ...log)).toEqual(['set a 1 6', 'set b 3 Infinity', 'get a 5 6'])
})
