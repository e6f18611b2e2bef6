/** Handlers in worker threads: what they get, and that they really end. */
import { readFileSync, statSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { HandlerError, HandlerTimeoutError } from '../../src/errors/event-errors.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { opened } from './opened.js'

interface Order {
  readonly file: string
  readonly does?: 'throw' | 'hang' | 'exit'
}

const MODULE = new URL('./handlers/isolated.mjs', import.meta.url)

function isolatedDict(timeout = '10s' as const) {
  const dict = opened<Record<string, Order>>('memory', { durability: 'commit' })
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  const subscription = dict.on('set', { isolate: true, module: MODULE, timeout })
  const file = `${tempDirectory()}/log`
  const lines = () => {
    try {
      return readFileSync(file, 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  return { dict, errors, file, lines, subscription }
}

test('an isolated handler gets the event, in its order, in a thread of its own', async () => {
  const { dict, errors, file, lines } = isolatedDict()
  dict.namespace<Record<string, Order>>('n').set('a', { file }, { tags: ['t'] })
  dict.set('b', { file })
  await vi.waitFor(() => expect(lines()).toHaveLength(2), 10_000)
  expect(lines()).toEqual(['["set","a",["n"],["t"]]', '["set","b",[],[]]'])
  expect(errors).toEqual([])
})

test('an isolated handler that throws or ends its thread is an error event, and the next one is told', async () => {
  const { dict, errors, file, lines } = isolatedDict()
  dict.set('a', { file, does: 'throw' }).set('b', { file, does: 'exit' }).set('c', { file })
  await vi.waitFor(() => expect(lines()).toEqual(['["set","c",[],[]]']), 10_000)
  expect(errors).toEqual([expect.any(HandlerError), expect.any(HandlerError)])
  expect(errors[0]).toMatchObject({ cause: { message: 'boom' } })
})

test('an isolated handler in an endless loop is terminated at its timeout, and does not run on (W7)', async () => {
  const { dict, errors, file, lines } = isolatedDict('1s' as never)
  dict.set('a', { file, does: 'hang' })
  await vi.waitFor(() => expect(errors).toEqual([expect.any(HandlerTimeoutError)]), 10_000)
  const size = statSync(`${file}.hang`).size
  expect(size).toBeGreaterThan(0)
  dict.set('b', { file })
  await vi.waitFor(() => expect(lines()).toEqual(['["set","b",[],[]]']), 10_000)
  // Terminating takes the loop a moment; a thread that runs on would write all the time.
  const later = statSync(`${file}.hang`).size
  dict.set('c', { file })
  await vi.waitFor(() => expect(lines()).toHaveLength(2), 10_000)
  expect(statSync(`${file}.hang`).size).toBe(later)
})

test('unsubscribe() terminates an isolated handler in the middle of its work', async () => {
  const { dict, errors, file, subscription } = isolatedDict()
  dict.set('a', { file, does: 'hang' })
  const size = () => statSync(`${file}.hang`, { throwIfNoEntry: false })?.size ?? 0
  await vi.waitFor(() => expect(size()).toBeGreaterThan(0), 10_000)
  subscription.unsubscribe()
  let last = -1
  await vi.waitFor(() => {
    const before = last
    last = size()
    expect(last).toBe(before)
  }, 10_000)
  dict.set('b', { file })
  expect([size(), errors]).toEqual([last, []])
})

test('a module that cannot be loaded, or has no handler, is an error event', async () => {
  const dict = opened<Record<string, number>>('memory', { durability: 'commit' })
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  dict.on('set', { isolate: true, module: new URL('./handlers/missing.mjs', import.meta.url) })
  dict.on('set', { isolate: true, module: 'data:text/javascript,export default 5' })
  dict.set('a', 1)
  await vi.waitFor(() => expect(errors).toHaveLength(2), 10_000)
  expect(errors).toEqual([expect.any(HandlerError), expect.any(HandlerError)])
})
