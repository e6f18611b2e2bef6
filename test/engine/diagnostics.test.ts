/** The diagnostics channels: what they carry, and that they cost nothing while nobody listens. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { FakeClock } from '../fake-clock.js'

function heard(name: string): unknown[] {
  const messages: unknown[] = []
  const listener = (message: unknown) => void messages.push(message)
  subscribe(name, listener)
  onTestFinished(() => void unsubscribe(name, listener))
  return messages
}

function opened(clock = new FakeClock()) {
  const dict = open<Record<string, unknown>>(memoryStore(), { clock, durability: 'commit' })
  onTestFinished(() => dict.close())
  return { dict, clock }
}

test('persistdict:set and persistdict:get carry the entry, without its value', () => {
  const sets = heard('persistdict:set')
  const gets = heard('persistdict:get')
  const { dict, clock } = opened()
  dict.namespace('n').set('a', 'four', { ttl: 50 })
  dict.namespace('n').get('a')
  dict.namespace('n').get('a')
  dict.get('missing')
  const message = {
    location: 'memory',
    namespace: ['n'],
    key: 'a',
    version: expect.any(Number),
    sizeBytes: 5,
    expiresAt: clock.now() + 50,
  }
  expect(sets).toEqual([message])
  expect(gets).toEqual([message, message])
})

test('persistdict:get is heard soon after somebody subscribed, and not after the last one left', async () => {
  const { dict } = opened()
  dict.set('a', 1)
  const gets: unknown[] = []
  const listener = (message: unknown) => void gets.push(message)
  subscribe('persistdict:get', listener)
  const heard = () => {
    dict.get('a')
    return gets.length
  }
  await expect.poll(heard).toBeGreaterThan(0)
  unsubscribe('persistdict:get', listener)
  const before = gets.length
  dict.get('a')
  expect(gets).toHaveLength(before)
})

test('persistdict:sweep tells of each step, and persistdict:compute of each computation', async () => {
  const sweeps = heard('persistdict:sweep')
  const computes = heard('persistdict:compute')
  const { dict, clock } = opened()
  dict.set('a', 1, { ttl: 10 })
  clock.advance(3_000)
  expect(sweeps).toEqual([{ location: 'memory', removed: 1, tookMs: expect.any(Number) }])
  await dict.getOrSet('b', async () => 1)
  const boom = new Error('boom')
  await expect(dict.getOrSet('c', () => Promise.reject(boom))).rejects.toThrow('boom')
  expect(computes).toEqual([
    { key: 'b', tookMs: expect.any(Number), error: undefined },
    { key: 'c', tookMs: expect.any(Number), error: boom },
  ])
})
