/** onExpire and onAccess, by whatever call they were given. */
import { describe, expect, test, vi } from 'vitest'
import type { PersistDict, SetOptions } from '../../src/index.js'
import { FakeClock } from '../fake-clock.js'
import { opened, STORE_KINDS } from './opened.js'

type Numbers = PersistDict<Record<string, number>>

/** Every call that sets a key and takes options. */
const CALLS: readonly [string, (dict: Numbers, options: SetOptions) => unknown][] = [
  ['set()', (dict, options) => dict.set('a', 1, options)],
  ['setMany()', (dict, options) => dict.setMany({ a: 1 }, options)],
  ['update()', (dict, options) => dict.update('a', () => 1, options)],
  ['getOrInsert()', (dict, options) => dict.getOrInsert('a', 1, options)],
  ['getOrInsertComputed()', (dict, options) => dict.getOrInsertComputed('a', () => 1, options)],
  ['increment()', (dict, options) => dict.increment('a', 1, options)],
  ['compareAndSet()', (dict, options) => dict.compareAndSet('a', undefined, 1, options)],
  [
    'set() in a transaction',
    (dict, options) => dict.transaction(() => void dict.set('a', 1, options)),
  ],
]

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

describe.each(STORE_KINDS)('handlers of keys on %s', (kind) => {
  test.each(CALLS)('onExpire and onAccess of %s are called', async (_, call) => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const onExpire = vi.fn()
    const onAccess = vi.fn()
    call(dict, { ttl: 10, onExpire, onAccess })
    // Committed or not: whoever reads it reads it.
    expect([dict.get('a'), dict.get('a')]).toEqual([1, 1])
    clock.advance(10)
    dict.sweep()
    await settled()
    expect(onAccess).toHaveBeenCalledTimes(2)
    expect(onExpire).toHaveBeenCalledTimes(1)
    expect(onExpire.mock.calls[0]?.[0]).toMatchObject({ event: 'expire', key: 'a', value: 1 })
  })

  test('a handler of a transaction that rolled back is never called; the one before it is', async () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const heard: string[] = []
    const onExpire = (name: string) => () => void heard.push(name)
    dict.set('committed', 1, { ttl: 10, onExpire: onExpire('committed') }).flushSync()
    dict.set('pending', 1, { ttl: 10, onExpire: onExpire('pending') })
    const failing = () =>
      dict.transaction(() => {
        for (const key of ['committed', 'pending', 'new']) {
          dict.set(key, 2, { ttl: 10, onExpire: onExpire(`rolled back: ${key}`) })
        }
        throw new Error('on purpose')
      })
    expect(failing).toThrow('on purpose')
    for (const key of ['committed', 'pending', 'new']) dict.increment(key)
    dict.expire('new', 10)
    clock.advance(10)
    dict.sweep()
    await settled()
    expect(heard.sort()).toEqual(['committed', 'pending'])
  })

  test('a handler of an entry that was deleted before its commit is not that of the next entry', async () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const onExpire = vi.fn()
    const onAccess = vi.fn()
    dict.set('a', 1, { ttl: 10, onExpire, onAccess }).delete('a')
    dict.set('b', 1).flushSync()
    dict.update('a', () => 2)
    dict.expire('a', 10)
    dict.get('a')
    clock.advance(10)
    dict.sweep()
    await settled()
    expect(onExpire).not.toHaveBeenCalled()
    expect(onAccess).not.toHaveBeenCalled()
  })

  test.each<[string, (dict: Numbers, options: SetOptions) => unknown]>([
    ['update()', (dict) => dict.update('a', () => 2)],
    ['increment() with a ttl', (dict) => dict.increment('a', 2, { ttl: 10 })],
    ['set()', (dict) => dict.set('a', 2, { ttl: 10 })],
    [
      'a property after its deletion',
      (dict, { onExpire }) => {
        dict.set('a', 3, { onExpire })
        delete dict.object.a
        dict.object.a = 2
      },
    ],
    ['update() with one of its own', (dict, options) => dict.update('a', () => 2, options)],
    ['set() with one of its own', (dict, options) => dict.set('a', 2, options)],
  ])('a handler of what was deleted before its commit is not that of %s', async (name, call) => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const heard: string[] = []
    dict.set('a', 1, { ttl: 10, onExpire: () => heard.push('deleted') }).delete('a')
    call(dict, { ttl: 10, onExpire: () => heard.push('own') })
    dict.flushSync()
    dict.expire('a', 10)
    clock.advance(10)
    dict.sweep()
    await settled()
    expect(heard).toEqual(name.includes('own') ? ['own'] : [])
  })

  test('on() inside a transaction hears of what is done after it', async () => {
    const dict = opened<Record<string, number>>(kind)
    const keys: string[] = []
    dict.transaction(() => {
      dict.set('before', 1)
      dict.on('set', ({ key }) => void keys.push(key))
      dict.set('after', 1)
    })
    await settled()
    expect(keys).toEqual(['after'])
  })
})
