/** Events: who is told what, when, and what no handler can do. */
import { describe, expect, test, vi } from 'vitest'
import type { EntryEvent } from '../../src/dict/events/entry-event.js'
import {
  EventOverflowError,
  HandlerError,
  HandlerTimeoutError,
} from '../../src/errors/event-errors.js'
import { OptionError } from '../../src/errors/option-error.js'
import type { PersistDict } from '../../src/index.js'
import { FakeClock } from '../fake-clock.js'
import { opened, STORE_KINDS } from './opened.js'

/** All handlers that have something to do have begun when this resolves. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

/** A dict of any shape. */
type Listening = Pick<PersistDict<Record<string, never>>, 'on'>

function logOf(dict: Listening, ...events: EntryEvent['event'][]): string[] {
  const log: string[] = []
  for (const event of events) {
    dict.on(event, (what) => {
      const { key, namespace, value } = what as EntryEvent
      log.push(`${event} ${[...namespace, key].join('/')}=${JSON.stringify(value)}`)
    })
  }
  return log
}

function errorsOf(dict: Listening): unknown[] {
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  return errors
}

describe.each(STORE_KINDS)('on %s', (kind) => {
  test('on() tells of sets and deletes after their commit, in order, with values', async () => {
    const dict = opened(kind)
    const log = logOf(dict, 'set', 'delete')
    dict.set('a', 1).set('b', { n: [2] })
    await settled()
    expect(log).toEqual([])
    dict.flushSync()
    // Not inside the call that commits, either.
    expect(log).toEqual([])
    await settled()
    expect(log.splice(0)).toEqual(['set a=1', 'set b={"n":[2]}'])
    dict.set('z', 1).delete('a')
    dict.set('y', 2).update('b', () => 'new')
    await settled()
    expect(log).toEqual(['set z=1', 'delete a=1', 'set y=2', 'set b="new"'])
  })

  test('on() gives the value of what has expired, too, and its metadata (W3)', async () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    const heard: EntryEvent[] = []
    dict.on('expire', (event) => void heard.push(event))
    dict.set('a', { n: 1 }, { ttl: 100, tags: ['t'] }).flushSync()
    const expiresAt = clock.now() + 100
    clock.advance(100)
    dict.sweep()
    await settled()
    expect(heard).toHaveLength(1)
    const [event] = heard
    expect([event?.key, event?.value, event?.namespace]).toEqual(['a', { n: 1 }, []])
    expect(event?.metadata).toMatchObject({ expiresAt, tags: ['t'], createdAt: expiresAt - 100 })
  })

  test('on("get") tells of values that are read, cached, pending or not, and not of misses', async () => {
    const dict = opened(kind)
    dict.set('a', 1).flushSync()
    dict.get('a')
    const log = logOf(dict, 'get', 'access')
    dict.get('a')
    dict.get('missing')
    dict.set('b', 2)
    dict.get('b')
    dict.has('a')
    await settled()
    expect(log.sort()).toEqual(['access a=1', 'access b=2', 'get a=1', 'get b=2'])
  })

  test('on() of a namespace hears of it and of those within, and of no other', async () => {
    const dict = opened<Record<string, number>>(kind)
    const [outer, other] = [dict.namespace('outer'), dict.namespace('other')]
    const inner = outer.namespace('inner')
    const log = logOf(outer, 'set')
    const keyed: string[] = []
    outer.on('set', ({ namespace }) => void keyed.push(namespace.join('/')), { key: 'a' })
    for (const each of [dict, outer, other, inner]) each.set('a', 1)
    dict.flushSync()
    await settled()
    expect(log).toEqual(['set outer/a=1', 'set outer/inner/a=1'])
    expect(keyed).toEqual(['outer'])
  })

  test('on("clear") is told of a namespace that was emptied', async () => {
    const dict = opened<Record<string, number>>(kind)
    const heard: unknown[] = []
    dict.on('clear', (event) => void heard.push(event))
    dict.namespace('n').set('a', 1)
    dict.namespace('n').clear()
    await settled()
    expect(heard).toEqual([{ event: 'clear', namespace: ['n'] }])
  })

  test('on() hears nothing of a transaction that was taken back', async () => {
    const dict = opened(kind)
    const log = logOf(dict, 'set')
    expect(() =>
      dict.transaction(() => {
        dict.set('a', 1)
        throw new Error('stop')
      }),
    ).toThrow('stop')
    dict.transaction(() => void dict.set('b', 2))
    await settled()
    expect(log).toEqual(['set b=2'])
  })

  test('a handler that throws or rejects becomes an error event, and the store and others go on', async () => {
    const dict = opened(kind)
    const errors = errorsOf(dict)
    const boom = new Error('boom')
    dict.on('set', () => {
      throw boom
    })
    dict.on('set', () => Promise.reject(boom))
    const log = logOf(dict, 'set')
    dict.set('a', 1).flushSync()
    dict.set('b', 2).flushSync()
    await settled()
    expect(log).toEqual(['set a=1', 'set b=2'])
    expect(errors).toHaveLength(4)
    for (const error of errors) {
      expect(error).toBeInstanceOf(HandlerError)
      expect(error).toMatchObject({ event: 'set', cause: boom })
    }
    expect(dict.get('a')).toBe(1)
  })

  test('a handler that never settles delays no other, and is passed over at its timeout (W7, V8)', async () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const errors = errorsOf(dict)
    const stuck: unknown[] = []
    let signal: AbortSignal | undefined
    dict.on(
      'set',
      ({ key }, context) => {
        stuck.push(key)
        signal = context.signal
        return new Promise(() => {})
      },
      { timeout: 500 },
    )
    const log = logOf(dict, 'set')
    dict.setMany({ a: 1, b: 2 }).flushSync()
    await settled()
    expect([stuck, log]).toEqual([['a'], ['set a=1', 'set b=2']])
    expect(signal?.aborted).toBe(false)
    const first = signal
    clock.advance(500)
    await settled()
    expect(stuck).toEqual(['a', 'b'])
    expect(first?.aborted).toBe(true)
    expect(errors).toEqual([expect.any(HandlerTimeoutError)])
    expect(errors[0]).toMatchObject({ timeoutMs: 500, event: 'set' })
  })

  test('an asynchronous handler is told of the next event when it is done with the one before', async () => {
    const dict = opened<Record<string, number>>(kind)
    const log: string[] = []
    const gates: (() => void)[] = []
    dict.on('set', async ({ key }) => {
      log.push(`begin ${key}`)
      await new Promise<void>((resolve) => gates.push(resolve))
      log.push(`end ${key}`)
    })
    dict.setMany({ a: 1, b: 2 }).flushSync()
    await settled()
    expect(log).toEqual(['begin a'])
    gates.shift()?.()
    await settled()
    gates.shift()?.()
    await settled()
    expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b'])
  })

  test('a handler may delete the key that it hears of, and set it again', async () => {
    const dict = opened<Record<string, number>>(kind, { durability: 'commit' })
    const log = logOf(dict, 'delete')
    dict.on('set', ({ key, value }) => {
      dict.delete(key)
      if ((value as number) < 3) dict.set(key, (value as number) + 1)
    })
    dict.set('a', 1)
    await settled()
    expect(log).toEqual(['delete a=1', 'delete a=2', 'delete a=3'])
    expect(dict.size).toBe(0)
  })

  test('a handler may close the dict that it hears of', async () => {
    const dict = opened(kind, { durability: 'commit' })
    const later = vi.fn()
    dict.on('set', () => dict.close())
    dict.on('set', later)
    dict.set('a', 1)
    await settled()
    expect(() => dict.get('a')).toThrow(expect.objectContaining({ code: 'ERR_PERSISTDICT_CLOSED' }))
    // It was committed before: the other one hears of it, and can read it.
    expect(later).toHaveBeenCalledOnce()
    expect(later.mock.calls[0]?.[0].value).toBe(1)
  })

  test('close() tells the handlers of what it commits', async () => {
    const dict = opened(kind)
    const log = logOf(dict, 'set')
    dict.set('a', 1).close()
    await settled()
    expect(log).toEqual(['set a=1'])
  })

  test('on() with a key, once, a signal; disable(), enable() and unsubscribe()', async () => {
    const dict = opened<Record<string, number>>(kind, { durability: 'commit' })
    const counts = { key: 0, once: 0, signal: 0, switched: 0, used: 0 }
    const controller = new AbortController()
    dict.on('set', () => counts.key++, { key: 'a' })
    dict.on('set', () => counts.once++, { once: true })
    dict.on('set', () => counts.signal++, { signal: controller.signal })
    dict.on('set', () => counts.used++, { signal: AbortSignal.abort() })
    const switched = dict.on('set', () => counts.switched++)
    dict.setMany({ a: 1, b: 2 })
    await settled()
    expect(counts).toEqual({ key: 1, once: 1, signal: 2, switched: 2, used: 0 })
    controller.abort()
    switched.disable()
    expect(switched.isEnabled).toBe(false)
    dict.set('a', 2)
    switched.enable()
    dict.set('a', 3)
    await settled()
    expect(counts).toEqual({ key: 3, once: 1, signal: 2, switched: 3, used: 0 })
    {
      using _ = dict.on('set', () => counts.used++)
    }
    switched.unsubscribe()
    switched.unsubscribe()
    dict.set('a', 4)
    await settled()
    expect(counts).toEqual({ key: 4, once: 1, signal: 2, switched: 3, used: 0 })
  })

  test('one function that listens twice hears twice, and callbacks are not bound late (W5)', async () => {
    const dict = opened<Record<string, number>>(kind, { durability: 'commit' })
    const heard: string[] = []
    const handlers = ['x', 'y', 'z'].map(
      (name) =>
        ({ key }: EntryEvent) =>
          void heard.push(`${name} ${key}`),
    )
    for (const handler of handlers) dict.on('set', handler)
    dict.on('set', handlers[0] as (event: EntryEvent) => void)
    dict.set('a', 1)
    await settled()
    expect(heard).toEqual(['x a', 'y a', 'z a', 'x a'])
  })

  test('set() with onExpire calls it once with the value, and not after a later set() or delete()', async () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const heard: string[] = []
    const onExpire = (name: string) => (event: EntryEvent) =>
      void heard.push(`${name} ${event.key}=${event.value}`)
    for (const key of ['a', 'b', 'c', 'd']) dict.set(key, 1, { ttl: 10, onExpire: onExpire('1') })
    dict.flushSync()
    dict.set('b', 2, { ttl: 10, onExpire: onExpire('2') })
    dict.set('c', 2, { ttl: 10 })
    dict.delete('d')
    dict.increment('a', 5)
    dict.flushSync()
    clock.advance(10)
    // The setter comes upon the expired row: that is the expiry of the entry before, not of the new one.
    dict.set('a', 9, { ttl: 10, onExpire: onExpire('3') })
    dict.sweep()
    await settled()
    expect(heard.splice(0).sort()).toEqual(['1 a=6', '2 b=2'])
    clock.advance(10)
    dict.sweep()
    dict.sweep()
    await settled()
    expect(heard).toEqual(['3 a=9'])
  })

  test('set() with onAccess calls it for each read of the value, until the key is set again', async () => {
    const dict = opened<Record<string, number>>(kind)
    const onAccess = vi.fn()
    dict.set('a', 1, { onAccess }).set('b', 1)
    dict.flushSync()
    dict.get('a')
    dict.get('a')
    dict.get('b')
    dict.set('a', 2).flushSync()
    dict.get('a')
    await settled()
    expect(onAccess).toHaveBeenCalledTimes(2)
    expect(onAccess.mock.calls[0]?.[0]).toMatchObject({ event: 'get', key: 'a', value: 1 })
  })

  test('on() of an unknown event suggests one; unknown options and wrong ones are refused', () => {
    const dict = opened(kind)
    expect(() => dict.on('exipre' as never, () => {})).toThrow(/"exipre".*Did you mean "expire"/)
    expect(() => dict.on('nonsense' as never, () => {})).toThrow(/The events are: set, get/)
    expect(() => dict.on(undefined as never, () => {})).toThrow(OptionError)
    expect(() => dict.on('set', () => {}, { tiemout: 5 } as never)).toThrow(/"timeout"/)
    expect(() => dict.on('set', () => {}, { timeout: 0 })).toThrow(RangeError)
    expect(() => dict.on('set', 'no function' as never)).toThrow(OptionError)
    expect(() => dict.on('set', () => {}, { signal: {} as never })).toThrow(OptionError)
    expect(() => dict.on('set', () => {}, { isolate: true })).toThrow(OptionError)
    expect(() => dict.on('set', { isolate: true, module: 'no url' })).toThrow(OptionError)
    expect(() => dict.on('error', () => {}, { key: 'a' })).toThrow(OptionError)
    expect(() => dict.set('a', 1, { onExpire: 5 as never })).toThrow(OptionError)
  })

  test('get() and set() give the engine nothing to collect when nobody listens', () => {
    const dict = opened(kind)
    const subscription = dict.on('get', () => {})
    subscription.unsubscribe()
    dict.set('a', 1).flushSync()
    dict.transaction(() => void dict.set('b', 1))
    // Reading a pending entry commits it only for a listener, who wants its metadata.
    dict.set('c', 1)
    dict.get('c')
    expect(dict.stats().pendingWrites).toBe(1)
  })
})

test('a handler too slow for 100,000 events loses the oldest, and an error event says so', async () => {
  const dict = opened<Record<string, number>>('memory', { durability: 'commit' })
  const errors = errorsOf(dict)
  let last: unknown
  let calls = 0
  dict.on('set', ({ key }) => {
    calls++
    last = key
  })
  dict.transaction(() => {
    for (let n = 0; n < 100_002; n++) dict.set(`k${n % 10}`, n)
  })
  await settled()
  expect([calls, last]).toEqual([100_000, 'k1'])
  expect(errors).toEqual([expect.any(EventOverflowError)])
})
