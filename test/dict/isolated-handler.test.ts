/** Handlers in worker threads: what they get, and that they really end. */
import { readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HandlerError, HandlerTimeoutError } from '../../src/errors/event-errors.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { opened } from './opened.js'

interface Order {
  readonly file: string
  readonly does?: 'throw' | 'hang' | 'exit'
}

const MODULE = new URL('./handlers/isolated.mjs', import.meta.url)

/** No handler runs out of time, however long its thread takes to start, unless the clock is moved. */
function isolatedDict() {
  const clock = new FakeClock()
  const dict = opened<Record<string, Order>>('memory', { durability: 'commit', clock })
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  const subscription = dict.on('set', { isolate: true, module: MODULE, timeout: '10s' })
  const file = `${tempDirectory()}/log`
  const lines = () => {
    try {
      return readFileSync(file, 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  const hung = () => statSync(`${file}.hang`, { throwIfNoEntry: false })?.size ?? 0
  return { clock, dict, errors, file, lines, hung, subscription }
}

test('an isolated handler gets the event, in its order, in a thread of its own', async () => {
  const { dict, errors, file, lines } = isolatedDict()
  dict.namespace<Record<string, Order>>('n').set('a', { file }, { tags: ['t'] })
  dict.set('b', { file })
  await expect.poll(lines).toHaveLength(2)
  expect(lines()).toEqual(['["set","a",["n"],["t"]]', '["set","b",[],[]]'])
  expect(errors).toEqual([])
})

test('an isolated handler that throws or ends its thread is an error event, and the next one is told', async () => {
  const { dict, errors, file, lines } = isolatedDict()
  dict.set('a', { file, does: 'throw' }).set('b', { file, does: 'exit' }).set('c', { file })
  await expect.poll(lines).toEqual(['["set","c",[],[]]'])
  expect(errors).toEqual([expect.any(HandlerError), expect.any(HandlerError)])
  expect(errors[0]).toMatchObject({ cause: { message: 'boom' } })
})

test('an isolated handler in an endless loop is terminated at its timeout, and does not run on (W7)', async () => {
  const { clock, dict, errors, file, lines, hung } = isolatedDict()
  dict.set('a', { file, does: 'hang' })
  await expect.poll(hung).toBeGreaterThan(0)
  clock.advance(9_999)
  expect(errors).toEqual([])
  clock.advance(1)
  await expect.poll(() => errors).toEqual([expect.any(HandlerTimeoutError)])
  dict.set('b', { file })
  await expect.poll(lines).toEqual(['["set","b",[],[]]'])
  // Terminating takes the loop a moment; a thread that runs on would write all the time.
  await standsStill(hung)
  const later = hung()
  dict.set('c', { file })
  await expect.poll(lines).toHaveLength(2)
  expect(hung()).toBe(later)
})

test('unsubscribe() terminates an isolated handler in the middle of its work', async () => {
  const { dict, errors, file, hung, subscription } = isolatedDict()
  dict.set('a', { file, does: 'hang' })
  await expect.poll(hung).toBeGreaterThan(0)
  subscription.unsubscribe()
  await standsStill(hung)
  const last = hung()
  dict.set('b', { file })
  expect([hung(), errors]).toEqual([last, []])
})

test('a module that cannot be loaded, or has no handler, is an error event', async () => {
  const dict = opened<Record<string, number>>('memory', { durability: 'commit' })
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  dict.on('set', { isolate: true, module: new URL('./handlers/missing.mjs', import.meta.url) })
  dict.on('set', { isolate: true, module: 'data:text/javascript,export default 5' })
  dict.set('a', 1)
  await expect.poll(() => errors).toHaveLength(2)
  expect(errors).toEqual([expect.any(HandlerError), expect.any(HandlerError)])
})

/** Waits until a number has been the same for several looks: one alone may fall between two changes. */
async function standsStill(number: () => number): Promise<void> {
  let [last, looks] = [-1, 0]
  await expect
    .poll(() => {
      const before = last
      last = number()
      looks = last === before ? looks + 1 : 0
      return looks
    })
    .toBeGreaterThan(20)
}
