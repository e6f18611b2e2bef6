/** Expiry at the deadline, over a store that fails now and then. */
import { expect, test } from 'vitest'
import { PromptExpiry } from '../../src/expiry/prompt-expiry.js'
import type { DeadlineHint } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'

function setUp(index: DeadlineHint[]) {
  const clock = new FakeClock(1_000_000)
  const errors: unknown[] = []
  const removed: string[] = []
  const failing = { upcoming: false, remove: false }
  const prompt = new PromptExpiry({
    clock,
    upcoming: (limit) => {
      if (failing.upcoming) throw new Error('cannot look')
      return index.filter(({ key }) => !removed.includes(`${key}`)).slice(0, limit)
    },
    remove: (due) => {
      if (failing.remove) throw new Error('cannot remove')
      removed.push(...due.map(({ key }) => `${key}`))
    },
    onError: (error) => void errors.push((error as Error).message),
  })
  return { clock, errors, removed, failing, prompt }
}

const KEY = Buffer.from('1')

test('a store that cannot be looked at, at the start or later, is an error event and is tried again', () => {
  const { clock, errors, removed, failing, prompt } = setUp([{ key: KEY, deadline: 1_000_100 }])
  failing.upcoming = true
  prompt.start()
  prompt.look()
  expect(errors).toEqual(['cannot look', 'cannot look'])
  failing.upcoming = false
  clock.advance(2_000)
  expect([removed.length, errors.length]).toEqual([1, 2])
  prompt.stop()
})

test('an entry that could not be removed at its deadline is removed later', () => {
  const { clock, errors, removed, failing, prompt } = setUp([{ key: KEY, deadline: 1_000_100 }])
  prompt.start()
  failing.remove = true
  clock.advance(100)
  expect([errors, removed]).toEqual([['cannot remove'], []])
  failing.remove = false
  clock.advance(1_000)
  expect(removed).toHaveLength(1)
  prompt.stop()
})

test('note() of a deadline years away arms no timer that fires at once', () => {
  const { clock, removed, prompt } = setUp([])
  prompt.start()
  prompt.note(KEY, clock.now() + 2 ** 40)
  clock.advance(3_600_000)
  expect([removed, prompt.deadlines]).toEqual([[], 1])
  prompt.stop()
})
