import { expect, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { OptionError } from '../../src/errors/option-error.js'
import { CopyError, type CopyProgress, copy } from '../../src/index.js'
import { openAsync } from '../../src/open/open-async.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { FakeClock } from '../fake-clock.js'
import { opened, STORE_KINDS } from './opened.js'

const DAY_MS = 86_400_000
const PAIRS = STORE_KINDS.map(
  (kind, at) => [kind, STORE_KINDS[(at + 1) % STORE_KINDS.length]] as const,
)

/** What copy() promises to keep, of all namespaces. */
function kept(dict: PersistDict): unknown {
  const all = [[], ...dict.namespaces()].map((path) => {
    const inner = path.reduce((outer: PersistDict, name) => outer.namespace(name), dict)
    const entries = Array.from(inner.keys({ order: 'insertion' }), (key) => {
      const { value, expiresAt, tags, createdAt, updatedAt } = inner.getEntry(key) ?? {}
      return [key, value, expiresAt, tags, createdAt, updatedAt]
    })
    return [path, entries]
  })
  return all
}

function fill(dict: PersistDict): void {
  const soon = Date.now() + DAY_MS
  dict.set('z', { first: new Date(0), at: new URL('https://example.org') }, { expiresAt: soon })
  dict.set('a', new Map([['k', new Set([1n])]]), { tags: ['one', 'two'] })
  for (let at = 0; at < 300; at++)
    dict.set(`key ${(at * 7) % 300}`, at, { tags: at % 3 ? [] : ['t'] })
  dict.namespace('..').set('../../x', 1).namespace('a/b').set('\0', null, { ttl: '1d' })
  dict.namespace('empty').set('gone', 1)
  dict.namespace('empty').delete('gone')
}

test.each(PAIRS)(
  'copy() from %s to %s keeps values, deadlines, tags, times and insertion order',
  async (one, two) => {
    // In the near past: one of the entries has a ttl.
    const clock = new FakeClock(Date.now() - 60_000)
    const from = opened(one, { clock })
    const to = opened(two as typeof one, { ttl: '1h', serializer: 'json' })
    fill(from)
    clock.advance(1_000)
    from.set('key 7', 'changed')
    expect(from.getEntry('key 7')).toMatchObject({ createdAt: clock.now() - 1_000 })
    to.set('of the target', 1, { ttl: null })
    const seen: CopyProgress[] = []
    const report = await copy(from, to, { onProgress: (progress) => seen.push(progress) })
    expect(report).toEqual({ copied: 304, skipped: 0, namespaces: 3 })
    expect(to.take('of the target')).toBe(1)
    expect(kept(to)).toEqual(kept(from))
    expect(to.get('z')).toEqual(from.get('z'))
    expect(seen.at(-1)).toMatchObject({ copied: 304 })
    expect(await copy(from, to)).toEqual({ copied: 0, skipped: 304, namespaces: 3 })
  },
)

test('copy() that was interrupted goes on, in the same order, when it is begun again', async () => {
  const [from, to] = [opened('memory'), opened('lmdb')]
  fill(from)
  const abort = new AbortController()
  const reason = new Error('enough')
  const batches = copy(from, to, {
    batchSize: 100,
    signal: abort.signal,
    onProgress: ({ copied }) => {
      if (copied >= 200) abort.abort(reason)
    },
  })
  await expect(batches).rejects.toBe(reason)
  expect(to.size).toBe(200)
  expect(await copy(from, to)).toEqual({ copied: 104, skipped: 200, namespaces: 3 })
  expect(kept(to)).toEqual(kept(from))
})

test('copy() replaces what has another value, deadline or tags', async () => {
  const [from, to] = [opened('memory'), opened('memory')]
  from.set('e', 5, { tags: ['x,y', 'z'] }).set('f', 6, { tags: ['x', 'y,z'] })
  from.setMany({ a: 1, b: 2, c: 3, d: new URL('https://example.org/1') })
  await copy(from, to)
  to.deleteMany(['b', 'c', 'd', 'e', 'f'])
  to.setMany({ b: 20, d: new URL('https://example.org/2') }).set('c', 3, { tags: ['t'] })
  expect(await copy(from, to)).toMatchObject({ copied: 5, skipped: 1 })
  expect(kept(to)).toEqual([
    [
      [],
      expect.arrayContaining([
        [
          'd',
          new URL('https://example.org/1'),
          undefined,
          [],
          expect.any(Number),
          expect.any(Number),
        ],
      ]),
    ],
  ])
  expect(String(to.get('d'))).toBe('https://example.org/1')
  expect(to.getEntry('c')?.tags).toEqual([])
  expect(to.getEntry('e')?.tags).toEqual(['x,y', 'z'])
  expect(to.getEntry('f')?.tags).toEqual(['x', 'y,z'])
})

test('copy() replaces an equal value that was made at another time', async () => {
  const clock = new FakeClock()
  const [from, to] = [opened('lmdb', { clock }), opened('memory')]
  from.set('a', 1)
  to.set('a', 1)
  expect(await copy(from, to)).toMatchObject({ copied: 1 })
  expect(to.getEntry('a')).toMatchObject({ createdAt: clock.now(), updatedAt: clock.now() })
  // From then on it is an entry like any other.
  to.set('a', 2)
  expect(to.getEntry('a')?.createdAt).toBe(clock.now())
  expect(to.getEntry('a')?.updatedAt).toBeGreaterThan(clock.now())
})

test('copy() between dicts with maxIdle keeps when entries were last read', async () => {
  const clock = new FakeClock()
  const idle = { clock, maxIdle: '30d', background: 'disabled' } as const
  const [from, to] = [opened('lmdb', idle), opened('lmdb', idle)]
  from.set('a', 1).set('b', 2)
  clock.advance(DAY_MS)
  from.get('b')
  const wanted = [clock.now() - DAY_MS, clock.now()]
  clock.advance(2 * DAY_MS)
  expect(await copy(from, to)).toMatchObject({ copied: 2 })
  expect(['a', 'b'].map((key) => to.getEntry(key)?.accessedAt)).toEqual(wanted)
})

test('copy() makes entries that are older than the maxAge of the target due', async () => {
  const clock = new FakeClock()
  const [from, to] = [opened('memory', { clock }), opened('memory', { maxAge: '1d' })]
  from.set('a', 1)
  await expect(copy(from, to)).rejects.toThrow(CopyError)
  expect(to.size).toBe(0)
})

test('copy() into what is no dict is an OptionError', async () => {
  const from = opened('memory')
  from.set('a', 1)
  const to = { getEntry: () => undefined, flush: async () => {}, namespace: () => to }
  await expect(copy(from, to)).rejects.toThrow('must be a PersistDict or an AsyncPersistDict')
})

test('copy() of a namespace takes it and those within, and no other', async () => {
  const [from, to] = [opened('memory'), opened('memory')]
  fill(from)
  expect(await copy(from.namespace('..'), to.namespace('new'))).toMatchObject({ copied: 2 })
  expect([...to.namespaces()]).toEqual([['new', 'a/b'], ['new']])
  expect(to.namespace('new').get('../../x')).toBe(1)
  expect(await copy(from, opened('memory'), { namespaces: false })).toMatchObject({ copied: 302 })
})

test('copy() tells when the target does not hold what was written', async () => {
  const [from, to] = [opened('memory'), opened('memory')]
  from.set('a', 1)
  const flush = to.flush.bind(to)
  to.flush = async () => {
    await flush()
    to.set('a', 'by somebody else')
  }
  await expect(copy(from, to)).rejects.toThrow(CopyError)
  expect(await copy(from, to, { verify: false })).toMatchObject({ copied: 1 })
})

test('copy() between a synchronous dict and an asynchronous one keeps the same', async () => {
  const [from, back] = [opened('memory'), opened('memory')]
  fill(from)
  await using through = await openAsync({ store: asyncMemoryStore() })
  expect(await copy(from, through)).toMatchObject({ copied: 304, namespaces: 3 })
  expect(await copy(through, back)).toMatchObject({ copied: 304, namespaces: 3 })
  expect(kept(back)).toEqual(kept(from))
})

test('copy() with an unknown option or a batch of nothing is an OptionError', async () => {
  const [from, to] = [opened('memory'), opened('memory')]
  await expect(copy(from, to, { batchsize: 1 } as never)).rejects.toThrow(
    'Did you mean "batchSize"',
  )
  await expect(copy(from, to, { batchSize: 0 })).rejects.toThrow(OptionError)
})
