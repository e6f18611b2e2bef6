/** memoize() and memoizeMany() within one process. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ResultCountError } from '../../src/errors/compute-errors.js'
import { UnkeyableValueError } from '../../src/errors/key-errors.js'
import { opened, STORE_KINDS } from '../dict/opened.js'
import { FakeClock } from '../fake-clock.js'

describe.each(STORE_KINDS)('memoize() on %s', (kind) => {
  test('calls its function once for equal arguments, in any order of their properties', async () => {
    const dict = opened(kind)
    let calls = 0
    const add = dict.memoize(
      async (a: number, options?: { b?: number; c?: number }) => {
        calls++
        await turn()
        return a + (options?.b ?? 0)
      },
      { name: 'add' },
    )
    expect(await Promise.all([add(1, { b: 2, c: 3 }), add(1, { c: 3, b: 2 })])).toEqual([3, 3])
    expect(calls).toBe(1)
    expect(await add(1)).toBe(1)
    expect(await add(1, undefined)).toBe(1)
    expect(calls).toBe(2)
    expect(add.stats()).toEqual({ hits: 1, misses: 3, calls: 2, errors: 0 })
    expectTypeOf(add).returns.toEqualTypeOf<Promise<number>>()
  })

  test('returns promises for synchronous functions, and takes their names', async () => {
    const dict = opened(kind)
    function double(n: number) {
      return n * 2
    }
    const memoized = dict.memoize(double)
    expect(await memoized(4)).toBe(8)
    expect(memoized.explain(4).name).toBe('double')
    expect(() =>
      dict.memoize(
        (
          () => () =>
            1
        )(),
      ),
    ).toThrow('no name')
  })

  test('keeps its values apart from the entries, from other names and other versions', async () => {
    const dict = opened<Record<string, number>>(kind)
    dict.set('x', 1)
    const one = dict.memoize((n: number) => n + 1, { name: 'one' })
    const two = dict.memoize((n: number) => n + 2, { name: 'two' })
    const newer = dict.memoize((n: number) => n + 3, { name: 'one', version: 2 })
    expect(await Promise.all([one(1), two(1), newer(1)])).toEqual([2, 3, 4])
    expect([dict.size, [...dict.keys()]]).toEqual([1, ['x']])
    dict.clear()
    expect(one.peek(1)).toBe(2)
    await one.clear()
    expect([one.peek(1), newer.peek(1), two.peek(1)]).toEqual([undefined, undefined, 3])
  })

  test('shares the values of one name between handles, and takes no schema for them', async () => {
    const dict = opened<Record<string, number>>(kind, {
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: () => ({ issues: [{ message: 'never' }] }),
        },
      },
      keySerializer: { id: 'n', serialize: (n) => `n${String(n)}`, deserialize: (t) => t as never },
    })
    const first = dict.memoize((n: number) => ({ n }), { name: 'box' })
    const second = dict.memoize((_n: number): { n: number } => expect.unreachable(), {
      name: 'box',
    })
    expect(await first(1)).toEqual({ n: 1 })
    expect(await second(1)).toEqual({ n: 1 })
  })

  test('peek() computes nothing, invalidate() forgets one value', async () => {
    const dict = opened(kind)
    let calls = 0
    const next = dict.memoize((_seed: string) => ++calls, { name: 'next' })
    expect(next.peek('a')).toBeUndefined()
    await next('a')
    await next('b')
    expect([next.peek('a'), calls]).toEqual([1, 2])
    expect([await next.invalidate('a'), await next.invalidate('a')]).toEqual([true, false])
    expect([await next('a'), next.peek('b')]).toEqual([3, 2])
  })

  test('takes the options of getOrSet()', async () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    let calls = 0
    const load = dict.memoize(
      async (_id: number) => {
        if (++calls === 2) throw new Error('down')
        return calls
      },
      { name: 'load', ttl: '1s', grace: '1h' },
    )
    expect(await load(1)).toBe(1)
    clock.advance(1_000)
    expect(load.peek(1)).toBeUndefined()
    expect(await load(1)).toBe(1)
    expect(await load(1)).toBe(3)
    expect(() => dict.memoize(() => 1, { name: 'x', tll: 1 } as object)).toThrow(
      'Did you mean "ttl"?',
    )
    expect(() => dict.memoize(() => 1, { name: 'x', ttl: -1 })).toThrow(RangeError)
  })

  test('refuses arguments that cannot be compared, unless they are ignored or a key is made', async () => {
    const dict = opened(kind)
    const { signal } = new AbortController()
    type Request = { text: string; signal?: AbortSignal; log?: () => void }
    const strict = dict.memoize(({ text }: Request) => text.length, { name: 'strict' })
    await expect(strict({ text: 'a', signal })).rejects.toThrow(UnkeyableValueError)
    const ignoring = dict.memoize(({ text }: Request) => text.length, {
      name: 'ignoring',
      ignore: ['signal', 'log'],
    })
    expect(await ignoring({ text: 'abc', signal, log: () => {} })).toBe(3)
    expect(ignoring.peek({ text: 'abc' })).toBe(3)
    const keyed = dict.memoize(({ text }: Request) => text.length, {
      name: 'keyed',
      key: ({ text }) => text.toLowerCase(),
    })
    expect(await keyed({ text: 'ABC', signal })).toBe(3)
    expect(keyed.peek({ text: 'abc' })).toBe(3)
  })

  test('explain() shows what counts', () => {
    const dict = opened(kind)
    const ask = dict.memoize((_model: string, _body: object) => 1, {
      name: 'ask',
      version: 3,
      ignore: ['apiKey'],
    })
    const { key, ...rest } = ask.explain('m', { temperature: 0, apiKey: 's' })
    expect(key).toMatch(/^3\/[\w-]{43}$/)
    expect(rest).toEqual({
      name: 'ask',
      version: 3,
      parts: [
        { path: '[0]', type: 'string', text: '"m"' },
        { path: '[1].temperature', type: 'number', text: '0' },
      ],
      ignored: ['[1].apiKey'],
    })
  })
})

describe.each(STORE_KINDS)('memoizeMany() on %s', (kind) => {
  /** A function that squares, and notes with which items it was called. */
  function squaring(fail: (batch: number) => boolean = () => false) {
    const batches: number[][] = []
    const square = async (items: number[]) => {
      batches.push([...items])
      await turn()
      if (fail(batches.length)) throw new Error(`batch ${batches.length}`)
      return items.map((n) => n * n)
    }
    return { batches, square }
  }

  test('computes the missing ones only, in batches, each once, and keeps the order', async () => {
    const dict = opened(kind)
    const { batches, square } = squaring()
    const squares = dict.memoizeMany(square, { name: 'square', batchSize: 2 })
    expect(await squares([3, 1, 3, 2, 1])).toEqual([9, 1, 9, 4, 1])
    expect(batches).toEqual([[3, 1], [2]])
    expect(await squares(new Set([4, 3, 5, 2]))).toEqual([16, 9, 25, 4])
    expect(batches.slice(2)).toEqual([[4, 5]])
    expect(await squares([])).toEqual([])
    expect(squares.stats()).toEqual({ hits: 4, misses: 5, calls: 3, errors: 0 })
  })

  test('of a failing third batch the first two are kept', async () => {
    const dict = opened(kind)
    const { batches, square } = squaring((batch) => batch === 3)
    const squares = dict.memoizeMany(square, { name: 'square', batchSize: 2 })
    await expect(squares([1, 2, 3, 4, 5, 6])).rejects.toThrow('batch 3')
    expect(squares.peek([1, 2, 3, 4, 5, 6])).toEqual([1, 4, 9, 16, undefined, undefined])
    expect(await squares([1, 2, 3, 4, 5, 6])).toEqual([1, 4, 9, 16, 25, 36])
    expect(batches.slice(3)).toEqual([[5, 6]])
  })

  test('two overlapping calls compute each item once', async () => {
    const dict = opened(kind)
    const { batches, square } = squaring()
    const squares = dict.memoizeMany(square, { name: 'square', batchSize: 3 })
    const [one, other] = await Promise.all([squares([1, 2, 3, 4]), squares([3, 4, 5, 6])])
    expect([one, other]).toEqual([
      [1, 4, 9, 16],
      [9, 16, 25, 36],
    ])
    expect(batches.flat().sort()).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('passes undefined on, and stores neither it nor what shouldStore refuses', async () => {
    const dict = opened(kind)
    const some = dict.memoizeMany((items: number[]) => items.map((n) => (n > 0 ? n : undefined)), {
      name: 'some',
      shouldStore: (n) => n !== 2,
    })
    expect(await some([0, 1, 2])).toEqual([undefined, 1, 2])
    expect(some.peek([0, 1, 2])).toEqual([undefined, 1, undefined])
  })

  test('refuses a function that returns another number of values', async () => {
    const dict = opened(kind)
    const short = dict.memoizeMany((items: number[]) => items.slice(1), { name: 'short' })
    const failure = await short([1, 2, 3]).catch((error) => error)
    expect(failure).toBeInstanceOf(ResultCountError)
    expect(failure).toMatchObject({ items: 3, results: 2 })
    expect(short.peek([1, 2, 3])).toEqual([undefined, undefined, undefined])
  })

  test('ends with the reason of its signal, and gives its leases back', async () => {
    const dict = opened(kind)
    const controller = new AbortController()
    const slow = dict.memoizeMany(
      async (items: number[], { signal }) => {
        controller.abort(new Error('enough'))
        signal.throwIfAborted()
        return items
      },
      { name: 'slow' },
    )
    await expect(slow([1, 2], { signal: controller.signal })).rejects.toThrow('enough')
    const { square } = squaring()
    expect(await dict.memoizeMany(square, { name: 'slow' })([1, 2])).toEqual([1, 4])
  })

  test('invalidate() forgets some items, clear() all', async () => {
    const dict = opened(kind)
    const { square } = squaring()
    const squares = dict.memoizeMany(square, { name: 'square' })
    await squares([1, 2, 3])
    expect(await squares.invalidate([1, 9])).toBe(1)
    expect(squares.peek([1, 2, 3])).toEqual([undefined, 4, 9])
    await squares.clear()
    expect(squares.peek([2])).toEqual([undefined])
    expect(() => dict.memoizeMany(square, { name: 'x', batchSize: 0 })).toThrow('batchSize')
    expect(() => dict.memoizeMany(square, { name: 'x', grace: 1 } as object)).toThrow('Unknown')
  })

  test('invalidateTag() forgets what was stored with the tag, of one item or of many', async () => {
    const dict = opened(kind)
    const { square } = squaring()
    const squares = dict.memoizeMany(square, { name: 'square', tags: ['numbers'] })
    const twice = dict.memoize((n: number) => 2 * n, { name: 'twice', tags: ['numbers', 'even'] })
    await squares([1, 2])
    await twice(3)
    await twice.invalidateTag('other', 'even')
    expect([twice.peek(3), squares.peek([1, 2])]).toEqual([undefined, [1, 4]])
    await squares.invalidateTag('numbers')
    expect(squares.peek([1, 2])).toEqual([undefined, undefined])
  })

  test('null is a value', async () => {
    const dict = opened(kind)
    let calls = 0
    const find = dict.memoizeMany(
      (items: number[]) => {
        calls++
        return items.map((n) => (n === 1 ? null : n))
      },
      { name: 'find' },
    )
    expect([await find([1, 2]), await find([1, 2]), calls]).toEqual([[null, 2], [null, 2], 1])
  })

  test('keeps vectors as they are', async () => {
    const dict = opened(kind)
    const embed = dict.memoizeMany(
      (texts: string[]) => texts.map((t) => Float32Array.of(t.length)),
      {
        name: 'embed',
      },
    )
    const [first] = await embed(['abc'])
    expect(first).toEqual(Float32Array.of(3))
    expect(await embed(['abc'])).toEqual([Float32Array.of(3)])
  })
})
