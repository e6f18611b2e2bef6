import { describe, expect, onTestFinished, test } from 'vitest'
import { UnreadableTagError } from '../../src/errors/value-errors.js'
import { asyncMemoryStore } from '../../src/memory.js'
import { open } from '../../src/open/open.js'
import { openAsync } from '../../src/open/open-async.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { StoreRow } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'

const STORES = {
  memory: () => memoryStore(),
  LMDB: () => lmdbStore(tempDirectory()),
}

for (const [name, makeStore] of Object.entries(STORES)) {
  for (const durability of ['batched', 'commit'] as const) {
    test(`invalidateTag() hides entries from every kind of read, on ${name}, ${durability}`, () => {
      using dict = open(makeStore(), { durability })
      dict.set('a', 1, { tags: ['red'] })
      dict.set('b', 2, { tags: ['blue', 'red'] })
      dict.set('c', { deep: [3] }, { tags: ['blue'] })
      dict.set('d', 4)
      const copies = dict.asObject({ values: 'copy' })
      for (const key of 'abcd') dict.get(key)
      dict.invalidateTag('red')
      expect([dict.get('a'), dict.get('b'), dict.get('d')]).toEqual([undefined, undefined, 4])
      expect(dict.get('c')).toEqual({ deep: [3] })
      expect([dict.has('a'), dict.has('b'), dict.has('c')]).toEqual([false, false, true])
      expect(dict.getEntry('a')).toBe(undefined)
      expect(dict.getMany(['a', 'c', 'd'])).toEqual([undefined, { deep: [3] }, 4])
      expect([...dict.keys()]).toEqual(['c', 'd'])
      expect(Object.keys(dict.object)).toEqual(['c', 'd'])
      expect(copies.a).toBe(undefined)
      expect('b' in dict.object).toBe(false)
      expect(dict.size).toBe(2)
      expect(dict.ttl('a')).toBe(undefined)
      expect(dict.delete('a')).toBe(false)
      expect(dict.take('b')).toBe(undefined)
      expect(dict.expire('b', 10)).toBe(false)
      expect(dict.toObject()).toEqual({ c: { deep: [3] }, d: 4 })
    })
  }

  test(`set() after invalidateTag() is a new entry, inserted last, on ${name}`, () => {
    using dict = open(makeStore(), { durability: 'commit' })
    dict.set('a', 1, { tags: ['t'] }).set('b', 2)
    const before = dict.getEntry('a')
    dict.invalidateTag('t')
    dict.set('a', 3, { tags: ['t'] })
    expect(dict.get('a')).toBe(3)
    expect(Object.keys(dict.object)).toEqual(['b', 'a'])
    expect(dict.compareAndSet('a', before?.version, 9)).toBe(false)
    expect(dict.update('a', (value) => (value as number) + 1)).toBe(4)
    expect(dict.increment('n', 1, { tags: ['t'] })).toBe(1)
    dict.invalidateTag('t')
    expect(dict.increment('n', 1, { tags: ['t'] })).toBe(1)
    expect(dict.getOrInsert('a', 'anew')).toBe('anew')
    expect(dict.size).toBe(3)
  })

  test(`invalidateTag() inside a transaction counts at once, and goes with a rollback, on ${name}`, () => {
    using dict = open(makeStore(), { durability: 'commit' })
    dict.set('a', 1, { tags: ['t'] })
    dict.get('a')
    expect(() =>
      dict.transaction(() => {
        dict.invalidateTag('t')
        expect(dict.get('a')).toBe(undefined)
        dict.set('b', 2, { tags: ['t'] })
        expect(dict.get('b')).toBe(2)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(dict.get('a')).toBe(1)
    dict.transaction(() => {
      dict.set('b', 2, { tags: ['t'] })
      dict.invalidateTag('t')
      dict.set('c', 3, { tags: ['t'] })
    })
    expect(dict.toObject()).toEqual({ c: 3 })
  })

  test(`invalidateTag() of one namespace leaves the others alone, on ${name}`, () => {
    using dict = open(makeStore(), { durability: 'commit' })
    const [one, two] = [dict.namespace('one'), dict.namespace('two')]
    for (const each of [dict, one, two]) each.set('k', 1, { tags: ['t'] })
    one.invalidateTag('t')
    expect([dict.get('k'), one.get('k'), two.get('k')]).toEqual([1, undefined, 1])
  })

  test(`sweep() removes the rows of invalidated entries, and the invalidations, on ${name}`, () => {
    const store = makeStore()
    const clock = new FakeClock()
    using dict = open(store, { durability: 'commit', clock, background: 'disabled' })
    const inner = dict.namespace('inner')
    for (let at = 0; at < 1_000; at++) {
      dict.set(`k${at}`, at, { tags: [at % 2 === 0 ? 'even' : 'odd'] })
      inner.set(`k${at}`, at, { tags: ['even'], ttl: 1_000 })
    }
    dict.invalidateTag('even')
    inner.invalidateTag('even', 'none')
    expect([dict.size, inner.size]).toEqual([500, 0])
    expect(dict.sweep()).toBe(1_500)
    expect(store.scan('tags', {}, 10)).toEqual([])
    expect(store.due('rows', Number.MAX_SAFE_INTEGER, 10)).toEqual([])
    expect([dict.size, inner.size]).toEqual([500, 0])
    expect(dict.get('k1')).toBe(1)
    expect(dict.sweep()).toBe(0)
  })

  test(`an entry whose tag was invalidated before it expired counts once, on ${name}`, () => {
    const clock = new FakeClock()
    using dict = open(makeStore(), { durability: 'commit', clock, background: 'disabled' })
    dict.set('a', 1, { tags: ['t'], ttl: 10 }).set('b', 2)
    dict.invalidateTag('t')
    clock.advance(20)
    expect(dict.size).toBe(1)
    expect([...dict.keys()]).toEqual(['b'])
  })

  test(`tags may hold any characters, and invalidateTag() takes strings only, on ${name}`, () => {
    using dict = open(makeStore(), { durability: 'commit' })
    const tags = ['', '\0', '..', '*', '\ud800', 'x'.repeat(100_000), 'x'.repeat(100_001)]
    for (const [at, tag] of tags.entries()) dict.set(`k${at}`, at, { tags: [tag] })
    for (const [at, tag] of tags.entries()) {
      dict.invalidateTag(tag)
      expect(dict.size).toBe(tags.length - at - 1)
    }
    expect(() => dict.invalidateTag(1 as never)).toThrow(
      expect.objectContaining({ code: 'ERR_PERSISTDICT_OPTION' }),
    )
  })

  test(`invalidateTag() tells its listeners once, with the tags, on ${name}`, async () => {
    using dict = open(makeStore(), { durability: 'commit' })
    const heard: unknown[] = []
    dict.on('invalidate', ({ tags, namespace }) => void heard.push([namespace, tags]))
    dict.namespace('n').invalidateTag('a', 'b')
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([[['n'], ['a', 'b']]])
  })

  test(`a live value whose tag was invalidated is read no more, on ${name}`, () => {
    using dict = open<Record<string, { n: number }>>(makeStore(), { durability: 'commit' })
    dict.set('a', { n: 1 }, { tags: ['t'] })
    const view = dict.object
    expect(view.a?.n).toBe(1)
    dict.invalidateTag('t')
    expect(view.a).toBe(undefined)
  })
}

/** Damages the mark of the only tag that was invalidated, in one bit or to the length of one byte. */
const DAMAGES = {
  'a flipped bit': (mark: Uint8Array) => mark.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
  'a lost end': (mark: Uint8Array) => mark.subarray(0, 1),
}

describe.each(Object.entries(DAMAGES))('a mark with %s', (_, damage) => {
  test.each(Object.entries(STORES))('removes nothing, and is told of, on %s', async (__, make) => {
    const store = make()
    const dict = open(store, { durability: 'commit', background: 'disabled' })
    dict.set('old', 1, { tags: ['t'] }).set('plain', 2)
    dict.invalidateTag('t')
    dict.set('new', 3, { tags: ['t'] }).set('both', 4, { tags: ['u', 't'] })
    const [{ key, record }] = store.scan('tags', {}, 1) as [StoreRow]
    store.transaction('committed', (tx) => tx.put('tags', key, damage(record), 0))
    expect(() => dict.has('new')).toThrow(UnreadableTagError)
    expect(() => dict.getEntry('new')).toThrow(UnreadableTagError)
    expect(() => dict.take('new')).toThrow(UnreadableTagError)
    expect(() => dict.get('new')).toThrow('when the tag "t" was invalidated')
    expect(() => [...dict.keys()]).toThrow(UnreadableTagError)
    expect([dict.get('plain'), dict.size]).toEqual([2, 4])
    expect([dict.sweep(), store.scan('tags', {}, 9)]).toEqual([
      0,
      [{ key, record: damage(record) }],
    ])
    // Known to be gone by another tag.
    dict.invalidateTag('u')
    expect([dict.get('both'), dict.sweep(), dict.size]).toEqual([undefined, 1, 3])
    // What is set or deleted does not have to be read.
    dict.set('new', 5, { tags: ['t'] })
    expect([dict.delete('old'), dict.delete('old')]).toEqual([true, false])
    const { details } = await dict.verify({ repair: true })
    expect(details).toMatchObject([{ kind: 'tag', key: 't', isRepaired: true }])
    expect([...dict.quarantine]).toMatchObject([{ key: 't', record: damage(record) }])
    expect([dict.get('new'), dict.quarantine.restore(), dict.size]).toEqual([5, 0, 2])
    dict.close()
  })

  test.each(Object.entries(STORES))('is replaced by invalidateTag(), on %s', (__, make) => {
    const store = make()
    const dict = open(store, { durability: 'commit', background: 'disabled' })
    dict.set('a', 1, { tags: ['t'] })
    dict.invalidateTag('t')
    const [{ key, record }] = store.scan('tags', {}, 1) as [StoreRow]
    store.transaction('committed', (tx) => tx.put('tags', key, damage(record), 0))
    dict.invalidateTag('t')
    dict.set('b', 2, { tags: ['t'] })
    expect([dict.get('a'), dict.get('b'), dict.sweep(), dict.size]).toEqual([undefined, 2, 1, 1])
    dict.close()
  })

  test('removes nothing, and is told of, over an asynchronous store', async () => {
    const store = asyncMemoryStore()
    const dict = await openAsync(store, { background: 'disabled' })
    onTestFinished(() => dict.close())
    await dict.set('old', 1, { tags: ['t'] })
    await dict.invalidateTag('t')
    await dict.setMany({ new: 3 }, { tags: ['t'] })
    await dict.set('both', 4, { tags: ['u', 't'] })
    const [{ key, record }] = (await store.scan('tags', {}, 1)) as [StoreRow]
    const put = { kind: 'put', bucket: 'tags', key, record: damage(record), deadline: 0 } as const
    await store.commit({ promise: 'committed', checks: [], operations: [put] })
    await expect(dict.get('new')).rejects.toThrow(UnreadableTagError)
    await expect(dict.has('new')).rejects.toThrow(UnreadableTagError)
    await expect(dict.getEntry('new')).rejects.toThrow(UnreadableTagError)
    await expect(dict.take('new')).rejects.toThrow(UnreadableTagError)
    await expect(dict.toObject()).rejects.toThrow(UnreadableTagError)
    expect([await dict.sweep(), await dict.size()]).toEqual([0, 3])
    await dict.invalidateTag('u')
    expect([await dict.get('both'), await dict.sweep()]).toEqual([undefined, 1])
    await dict.set('new', 5, { tags: ['t'] })
    expect([await dict.delete('old'), await dict.delete('old')]).toEqual([true, false])
    expect(await store.scan('tags', {}, 9)).toEqual([{ key, record: damage(record) }])
    const { details } = await dict.verify({ repair: true })
    expect(details).toMatchObject([{ kind: 'tag', key: 't', isRepaired: true }])
    expect(await dict.quarantine.size()).toBe(1)
    expect([await dict.get('new'), await dict.size()]).toEqual([5, 1])
  })
})

test('sweep() passes over damaged marks, however many are before the sound one', () => {
  const store = memoryStore()
  const dict = open(store, { durability: 'commit', background: 'disabled' })
  dict.set('a', 1, { tags: ['z'] })
  dict.invalidateTag(...Array.from({ length: 300 }, (_, at) => `t${at}`), 'z')
  const rows = store.scan('tags', {}, 300)
  store.transaction('committed', (tx) => {
    for (const { key } of rows) tx.put('tags', key, Uint8Array.of(1), 0)
  })
  expect([dict.sweep(), store.scan('tags', {}, 999).length]).toEqual([1, 300])
  dict.close()
})
