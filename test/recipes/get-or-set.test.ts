/** getOrSet() within one process. Between processes: test/processes/single-flight.test.ts. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { aesGcm } from '../../src/codec/cipher/aes-gcm.js'
import { ComputeTimeoutError } from '../../src/errors/compute-errors.js'
import { opened, STORE_KINDS } from '../dict/opened.js'
import { FakeClock } from '../fake-clock.js'

type Numbers = Record<string, number>

describe.each(STORE_KINDS)('getOrSet() on %s', (kind) => {
  const timed = () => {
    const clock = new FakeClock()
    return { clock, dict: opened<Numbers>(kind, { clock }) }
  }

  test('computes a missing value once for all who ask at the same time', async () => {
    const dict = opened<Numbers>(kind)
    let calls = 0
    const ask = () =>
      dict.getOrSet('a', async ({ key }) => {
        calls++
        await turn()
        expect(key).toBe('a')
        return 7
      })
    expect(await Promise.all(Array.from({ length: 50 }, ask))).toEqual(new Array(50).fill(7))
    expect(await ask()).toBe(7)
    expect(calls).toBe(1)
    expect(dict.get('a')).toBe(7)
  })

  test('takes what is there without calling its function', async () => {
    const dict = opened<Numbers>(kind)
    dict.set('a', 1)
    expect(await dict.getOrSet('a', () => expect.unreachable())).toBe(1)
  })

  test('hands out what get() does: frozen, or a copy of its own', async () => {
    const frozen = opened<Record<string, { n: number }>>(kind)
    const value = await frozen.getOrSet('a', () => ({ n: 1 }))
    expect(Object.isFrozen(value)).toBe(true)
    expect(frozen.get('a')).toBe(value)
    const copies = opened<Record<string, { n: number }>>(kind, { values: 'copy' })
    const [one, other] = await Promise.all([
      copies.getOrSet('a', () => ({ n: 1 })),
      copies.getOrSet('a', () => ({ n: 2 })),
    ])
    expect(one).toEqual({ n: 1 })
    expect(other).toEqual({ n: 1 })
    expect(one).not.toBe(other)
  })

  test('stores null, and passes undefined on without storing it', async () => {
    const dict = opened<Record<string, null>>(kind)
    expect(await dict.getOrSet('null', () => null)).toBeNull()
    expect(dict.has('null')).toBe(true)
    expect(await dict.getOrSet('undefined', () => undefined)).toBeUndefined()
    expect(dict.has('undefined')).toBe(false)
  })

  test('throws the error of its function to all who wait, stores nothing, and tries again', async () => {
    const dict = opened<Numbers>(kind)
    const failure = new Error('no')
    let calls = 0
    const ask = () =>
      dict.getOrSet('a', async () => {
        if (++calls === 1) throw failure
        return 5
      })
    const all = await Promise.allSettled([ask(), ask(), ask()])
    expect(all.map((result) => result.status === 'rejected' && result.reason)).toEqual([
      failure,
      failure,
      failure,
    ])
    expect(dict.has('a')).toBe(false)
    expect(await ask()).toBe(5)
    expect(calls).toBe(2)
  })

  test('with ttl and tags stores both, and computes again when the ttl is over', async () => {
    const { dict, clock } = timed()
    let calls = 0
    const ask = () => dict.getOrSet('a', () => ++calls, { ttl: '1m', tags: ['t'] })
    expect(await ask()).toBe(1)
    expect(dict.ttl('a')).toBe(60_000)
    expect(dict.getEntry('a')?.tags).toEqual(['t'])
    clock.advance(59_999)
    expect(await ask()).toBe(1)
    clock.advance(1)
    expect(await ask()).toBe(2)
  })

  test('with jitter shortens the ttl by no more than was said', async () => {
    const { dict } = timed()
    const ttls = new Set<number>()
    for (let n = 0; n < 20; n++) {
      await dict.getOrSet(`k${n}`, () => n, { ttl: 100_000, jitter: 0.3 })
      ttls.add(dict.ttl(`k${n}`) as number)
    }
    expect(ttls.size).toBeGreaterThan(10)
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(70_000)
    expect(Math.max(...ttls)).toBeLessThanOrEqual(100_000)
  })

  test('with staleWhileRevalidate serves the old value while one refreshes it', async () => {
    const { dict, clock } = timed()
    let calls = 0
    const gate = opening()
    const options = { ttl: 1_000, staleWhileRevalidate: 5_000 }
    const ask = () =>
      dict.getOrSet(
        'a',
        async ({ stale }) => {
          calls++
          if (calls > 1) await gate.opened
          return (stale ?? 0) + 1
        },
        options,
      )
    expect(await ask()).toBe(1)
    clock.advance(1_000)
    expect(dict.get('a')).toBeUndefined()
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1])
    gate.open()
    await until(() => dict.get('a') === 2)
    expect(calls).toBe(2)
    clock.advance(6_000)
    expect(await ask()).toBe(1)
  })

  test('with staleWhileRevalidate reports a refresh that fails as an error event', async () => {
    const { dict, clock } = timed()
    const errors: unknown[] = []
    dict.on('error', (error) => void errors.push(error))
    const failure = new Error('no')
    const options = { ttl: 1_000, staleWhileRevalidate: 5_000 }
    await dict.getOrSet('a', () => 1, options)
    clock.advance(1_000)
    expect(await dict.getOrSet('a', () => Promise.reject(failure), options)).toBe(1)
    await until(() => errors.length > 0)
    expect(errors).toEqual([failure])
  })

  test('with grace serves the old value when computing fails, as long as the grace lasts', async () => {
    const { dict, clock } = timed()
    const options = { ttl: 1_000, grace: 5_000 }
    const failing = () => dict.getOrSet('a', () => Promise.reject(new Error('down')), options)
    await dict.getOrSet('a', () => 1, options)
    clock.advance(5_999)
    expect(dict.has('a')).toBe(false)
    expect(await failing()).toBe(1)
    clock.advance(1)
    await expect(failing()).rejects.toThrow('down')
  })

  test('with softTimeout serves the old value when the new one is late, and stores the new one', async () => {
    const { dict, clock } = timed()
    const gate = opening()
    const options = { ttl: 1_000, grace: 60_000, softTimeout: 100 }
    await dict.getOrSet('a', () => 1, options)
    clock.advance(1_000)
    const answer = dict.getOrSet('a', () => gate.opened.then(() => 2), options)
    await turn()
    await turn()
    clock.advance(100)
    expect(await answer).toBe(1)
    gate.open()
    await until(() => dict.get('a') === 2)
  })

  test('with timeout rejects when it is over; the value is stored all the same', async () => {
    const { dict, clock } = timed()
    const gate = opening()
    const answer = dict.getOrSet('a', () => gate.opened.then(() => 2), { timeout: 100 })
    const refusal = answer.catch((error) => error)
    await turn()
    clock.advance(100)
    expect(await refusal).toBeInstanceOf(ComputeTimeoutError)
    expect(await refusal).toMatchObject({ key: 'a', timeoutMs: 100 })
    gate.open()
    await until(() => dict.get('a') === 2)
  })

  test('ends the wait of one by its signal, and the computation when nobody waits any more', async () => {
    const dict = opened<Numbers>(kind)
    let signal: AbortSignal | undefined
    const ask = (own: AbortSignal) =>
      dict.getOrSet(
        'a',
        (context) => {
          signal = context.signal
          return new Promise((_resolve, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason))
          })
        },
        { signal: own },
      )
    const [one, other] = [new AbortController(), new AbortController()]
    const answers = [ask(one.signal), ask(other.signal)].map((each) => each.catch((error) => error))
    await until(() => signal !== undefined)
    one.abort(new Error('first'))
    expect(await answers[0]).toMatchObject({ message: 'first' })
    expect(signal?.aborted).toBe(false)
    other.abort(new Error('second'))
    expect(await answers[1]).toMatchObject({ message: 'second' })
    expect(signal?.aborted).toBe(true)
    expect(await dict.getOrSet('a', () => 3)).toBe(3)
  })

  test('with shouldStore, or skip(), hands the value out and does not store it', async () => {
    const dict = opened<Numbers>(kind)
    expect(await dict.getOrSet('a', () => -1, { shouldStore: (n) => n > 0 })).toBe(-1)
    expect(
      await dict.getOrSet('a', (context) => {
        context.skip()
        return 2
      }),
    ).toBe(2)
    expect(dict.has('a')).toBe(false)
    expect(await dict.getOrSet('a', () => 3, { shouldStore: (n) => n > 0 })).toBe(3)
    expect(dict.get('a')).toBe(3)
  })

  test('with setOptions() takes the ttl and tags that the answer tells', async () => {
    const { dict } = timed()
    await dict.getOrSet(
      'a',
      (context) => {
        context.setOptions({ ttl: '2m', tags: ['late'] })
        return 1
      },
      { ttl: '1m' },
    )
    expect(dict.ttl('a')).toBe(120_000)
    expect(dict.getEntry('a')?.tags).toEqual(['late'])
  })

  test('with errorTtl throws the kept error to all who ask, and computes again after it', async () => {
    const { dict, clock } = timed()
    let calls = 0
    const ask = () =>
      dict.getOrSet(
        'a',
        () => {
          if (++calls === 1) throw new TypeError('not now')
          return calls
        },
        { errorTtl: 1_000 },
      )
    for (let n = 0; n < 3; n++) await expect(ask()).rejects.toThrow(new TypeError('not now'))
    expect(calls).toBe(1)
    expect([dict.size, dict.has('a')]).toEqual([0, false])
    clock.advance(1_000)
    expect(await ask()).toBe(2)
  })

  test('with refresh computes anew although the value is fresh', async () => {
    const dict = opened<Numbers>(kind)
    dict.set('a', 1)
    const ask = () => dict.getOrSet('a', ({ stale }) => (stale ?? 0) + 1, { refresh: true })
    expect(await ask()).toBe(2)
    expect(await ask()).toBe(3)
  })

  test('with earlyRefresh computes anew in the background before the value expires', async () => {
    const { dict, clock } = timed()
    let calls = 0
    const ask = () =>
      dict.getOrSet(
        'a',
        () => {
          clock.advance(100)
          return ++calls
        },
        { ttl: 10_000, earlyRefresh: 1 },
      )
    expect(await ask()).toBe(1)
    clock.advance(1_000)
    for (let n = 0; n < 50; n++) expect(await ask()).toBe(1)
    // 2 ms before the end, all but about 2 % of the calls refresh a value that took 100 ms.
    clock.advance(8_998)
    for (let n = 0; n < 5 && calls === 1; n++) {
      await ask()
      await turn()
    }
    await until(() => dict.get('a') === 2)
  })

  test('refuses misspelt options, and what cannot be stored', async () => {
    const dict = opened<Record<string, unknown>>(kind)
    const misspelt = { graze: 1 } as object
    await expect(dict.getOrSet('a', () => 1, misspelt)).rejects.toThrow('Did you mean "grace"?')
    await expect(dict.getOrSet('a', () => 1, { jitter: 2 })).rejects.toThrow('jitter')
    await expect(dict.getOrSet('a', () => () => 1)).rejects.toThrow('cannot be stored')
    expect(await dict.getOrSet('a', () => 1)).toBe(1)
  })

  test('inside a transaction waits for its end', async () => {
    const dict = opened<Numbers>(kind)
    let answer: Promise<number | undefined> | undefined
    dict.transaction(() => {
      answer = dict.getOrSet('a', () => 1)
      dict.set('b', 2)
    })
    expect(await answer).toBe(1)
  })

  test('leaves no lease behind', async () => {
    const dict = opened<Numbers>(kind)
    await dict.getOrSet('a', () => 1)
    await dict.getOrSet('b', () => Promise.reject(new Error('no'))).catch(() => {})
    await dict.getOrSet('c', () => undefined)
    expect(dict.size).toBe(1)
    for (const key of ['b', 'c']) expect(await dict.getOrSet(key, () => 2)).toBe(2)
  })
})

const OPEN_AND_SEALED = STORE_KINDS.flatMap((kind) => [
  [kind, 'plain', undefined] as const,
  [kind, 'sealed', aesGcm({ keys: [Buffer.alloc(32, 1)] })] as const,
])

describe.each(OPEN_AND_SEALED)('an entry in its grace on %s, %s', (kind, _how, cipher) => {
  async function expired() {
    const clock = new FakeClock()
    const dict = opened<Numbers>(kind, { clock, cipher })
    const options = { ttl: 1_000, grace: 5_000 }
    await dict.getOrSet('a', () => 1, options)
    await dict.getOrSet('b', () => 2)
    clock.advance(1_000)
    const old = () => dict.getOrSet('a', () => Promise.reject(new Error('down')), options)
    return { clock, dict, old }
  }

  function expectGone(dict: Awaited<ReturnType<typeof expired>>['dict']): void {
    expect(dict.get('a')).toBeUndefined()
    expect(dict.getEntry('a')).toBeUndefined()
    expect([dict.has('a'), dict.size, [...dict.keys()]]).toEqual([false, 1, ['b']])
    expect(dict.getMany(['a', 'b'])).toEqual([undefined, 2])
    expect({ ...dict.object }).toEqual({ b: 2 })
  }

  test('is gone for every other reader, before and after a sweep', async () => {
    const { dict, old } = await expired()
    expectGone(dict)
    expect(dict.sweep()).toBe(1)
    expectGone(dict)
    expect(dict.sweep()).toBe(0)
    expect(await old()).toBe(1)
  })

  test('stays gone after a sweep when the clock is set back', async () => {
    const { dict, clock, old } = await expired()
    dict.sweep()
    clock.jump(-10_000)
    expectGone(dict)
    expect(await old()).toBe(1)
  })

  test('leaves the disk when its grace is over', async () => {
    const { dict, clock, old } = await expired()
    dict.sweep()
    clock.advance(5_000)
    await expect(old()).rejects.toThrow('down')
    expect(dict.sweep()).toBe(0)
    expect(dict.size).toBe(1)
    dict.set('a', 9)
    expect([dict.get('a'), dict.size]).toEqual([9, 2])
  })

  test('counts once when it is set again, and is not there to be deleted', async () => {
    for (const swept of [false, true]) {
      const { dict, old } = await expired()
      if (swept) dict.sweep()
      expect(dict.delete('a')).toBe(false)
      expect(dict.size).toBe(1)
      dict.set('a', 3)
      expect(dict.size).toBe(2)
      expect(await old()).toBe(3)
      expect(dict.delete('a')).toBe(true)
      expect(dict.size).toBe(1)
    }
  })

  test('goes with clear()', async () => {
    const { dict, old } = await expired()
    dict.sweep()
    dict.clear()
    expect(dict.size).toBe(0)
    await expect(old()).rejects.toThrow('down')
  })
})

/** A gate that somebody waits at until it is opened. */
function opening() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Lets the event loop turn until `isTrue`; the test's own time limit ends a wait in vain. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn()
}
