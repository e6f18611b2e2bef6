import { expect, test } from 'vitest'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { StoreTransaction, SyncStore } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'

const STORES = {
  memory: () => memoryStore(),
  LMDB: () => lmdbStore(tempDirectory()),
}

/** Short keys are hashed, to one of very few digests. */
const COLLIDING: OpenOptions = {
  keySizeLimit: 16,
  digestBytes: 4,
  keyHash: { id: 'one', digest: () => new Uint8Array(32) },
}

for (const [name, makeStore] of Object.entries(STORES)) {
  const full = (options: OpenOptions = {}) => {
    const store = makeStore()
    const dict = open(store, { durability: 'commit', ...options })
    dict.setMany({ a: 1, b: { deep: [new Date(0)] }, c: 'text' })
    dict.set('short', 1, { ttl: '1h' })
    dict.namespace('users').setMany({ ada: 1, alan: 2 })
    return { store, dict }
  }

  test(`verify() finds nothing wrong with a healthy dict, on ${name}`, async () => {
    const { dict } = full()
    const long = 'k'.repeat(600)
    dict.set(long, 1)
    dict.delete('a')
    dict.set('c', 'changed', { ttl: '2h' })
    const told: number[] = []
    const report = await dict.verify({ onProgress: (entries) => told.push(entries) })
    expect(told.every((entries, at) => entries >= (told[at - 1] ?? 0) && entries <= 6)).toBe(true)
    expect(report).toMatchObject({
      entries: 6,
      namespaces: 2,
      findings: 0,
      details: [],
      staleHints: 0,
    })
    dict.close()
  })

  test(`verify() names a record whose bytes have changed, and changes nothing, on ${name}`, async () => {
    const { store, dict } = full()
    flip(store, 'alan')
    const before = dump(store)
    const report = await dict.verify()
    expect(report.findings).toBe(1)
    expect(report.details).toMatchObject([
      { kind: 'record', namespace: ['users'], key: 'alan', isRepaired: false },
    ])
    expect(dump(store)).toEqual(before)
    dict.close()
  })

  test(`verify({ repair: true }) moves it into the quarantine, and all walks go on, on ${name}`, async () => {
    const { store, dict } = full()
    flip(store, 'alan')
    const [damaged] = rowsWith(store, 'alan')
    const users = dict.namespace('users')
    expect(() => [...users]).toThrow()
    const report = await dict.verify({ repair: true })
    expect(report).toMatchObject({ findings: 1, repaired: 1 })
    expect([...users]).toEqual([['ada', 1]])
    expect(users.size).toBe(1)
    expect(users.get('alan')).toBe(undefined)
    expect([...dict.quarantine]).toMatchObject([{ namespace: ['users'], key: 'alan' }])
    expect(Buffer.from([...dict.quarantine][0]?.record ?? [])).toEqual(
      Buffer.from(damaged?.record ?? []),
    )
    expect(await dict.verify()).toMatchObject({ findings: 0 })
    expect(dict.quarantine.restore()).toBe(0)
    expect(dict.quarantine.discard()).toBe(1)
    expect(dict.quarantine.size).toBe(0)
    dict.close()
  })

  test(`quarantine.restore() puts back what can be read, unless its key was set, on ${name}`, async () => {
    const { store, dict } = full()
    const users = dict.namespace('users')
    flip(store, 'alan')
    flip(store, 'ada')
    await dict.verify({ repair: true })
    // As if a version that reads them had come.
    for (const row of store.scan('quarantine', {}, 10)) {
      row.record[row.record.length - 1] = (row.record.at(-1) as number) ^ 1
      store.transaction('committed', (tx) => tx.put('quarantine', row.key, row.record, 0))
    }
    users.set('ada', 'newer')
    expect(dict.quarantine.restore()).toBe(1)
    expect(Object.fromEntries(users)).toEqual({ ada: 'newer', alan: 2 })
    expect(dict.quarantine.size).toBe(1)
    expect(await dict.verify()).toMatchObject({ findings: 0 })
    dict.close()
  })

  test(`verify() finds an entry that no sweep would, and repairs that, on ${name}`, async () => {
    const { store, dict } = full()
    const [row] = rowsWith(store, 'short')
    const [hint] = store.due('rows', Number.MAX_SAFE_INTEGER, 1)
    write(store, (tx) => {
      if (hint !== undefined) tx.forget('rows', hint)
    })
    expect(store.due('rows', Number.MAX_SAFE_INTEGER, 1)).toEqual([])
    expect(await dict.verify()).toMatchObject({
      findings: 1,
      details: [{ kind: 'deadline', key: 'short' }],
    })
    await dict.verify({ repair: true })
    expect(store.due('rows', Number.MAX_SAFE_INTEGER, 1)).toMatchObject([
      { deadline: hint?.deadline },
    ])
    expect(rowsWith(store, 'short')).toEqual([row])
    expect(await dict.verify()).toMatchObject({ findings: 0 })
    dict.close()
  })

  test(`verify() finds a wrong size, and repairs it, on ${name}`, async () => {
    for (const row of [
      '{"path":["users"],"count":7}',
      'no JSON',
      '{"path":["others"],"count":2}',
    ]) {
      const { store, dict } = full()
      const [counts] = store.scan('counts', {}, 10).filter(({ key }) => key.length > 1)
      write(store, (tx) => tx.put('counts', counts?.key as Uint8Array, Buffer.from(row), 0))
      const found: string[] = []
      await dict.verify({ repair: true, onFinding: ({ kind }) => found.push(kind) })
      expect(new Set(found), row).toEqual(new Set(['count']))
      expect([...dict.namespaces()]).toEqual([['users']])
      expect(dict.namespace('users').size, row).toBe(2)
      expect(await dict.verify()).toMatchObject({ findings: 0 })
      dict.close()
    }
  })

  test(`verify({ repair: true }) quarantines in a namespace whose size cannot be read, on ${name}`, async () => {
    const { store, dict } = full()
    const [counts] = store.scan('counts', {}, 10).filter(({ key }) => key.length > 1)
    write(store, (tx) => tx.put('counts', counts?.key as Uint8Array, Buffer.from('{'), 0))
    flip(store, 'alan')
    await dict.verify({ repair: true })
    expect(dict.namespace('users').size).toBe(1)
    expect(await dict.verify()).toMatchObject({ findings: 0, entries: 5 })
    dict.close()
  })

  test(`verify() finds a gap in a chain of long keys, and closes it, on ${name}`, async () => {
    const { store, dict } = full(COLLIDING)
    const keys = [1, 2, 3, 4].map((at) => `the same first bytes ${at}`)
    for (const key of keys) dict.set(key, key)
    const chain = store.scan('rows', {}, 100).filter(({ key }) => key.length === 17)
    expect(chain.length).toBe(4)
    write(store, (tx) => tx.delete('rows', chain[1]?.key as Uint8Array))
    expect(dict.get(keys[3] as string)).toBe(undefined)
    const report = await dict.verify({ repair: true })
    expect(report.details.map(({ kind }) => kind).sort()).toEqual(['chain', 'count'])
    expect(keys.map((key) => dict.get(key))).toEqual([keys[0], undefined, keys[2], keys[3]])
    expect(dict.size).toBe(7)
    expect(await dict.verify()).toMatchObject({ findings: 0 })
    flip(store, 'bytes 3')
    await dict.verify({ repair: true })
    expect(dict.get(keys[3] as string)).toBe(keys[3])
    expect(await dict.verify()).toMatchObject({ findings: 0 })
    dict.close()
  })

  test(`verify() tells a value that cannot be made here, and leaves it in place, on ${name}`, async () => {
    class Point {
      x = 1
    }
    const types = {
      point: { class: Point, serialize: (p: Point) => p.x, deserialize: () => new Point() },
    }
    const store = makeStore()
    const { close } = store
    store.close = () => {}
    const dict = open(store, { durability: 'commit', types })
    dict.set('p', new Point())
    dict.close()
    const other = open(store, { durability: 'commit' })
    const report = await other.verify({ repair: true })
    expect(report.details).toMatchObject([{ kind: 'value', key: 'p', isRepaired: false }])
    expect(other.quarantine.size).toBe(0)
    other.close()
    const again = open(store, { durability: 'commit', types })
    expect(again.get('p')).toBeInstanceOf(Point)
    again.close()
    close.call(store)
  })

  test(`verify() finds damaged times of access and invalidations, and repairs them, on ${name}`, async () => {
    const { store, dict } = full({ maxIdle: '1h' })
    dict.set('tagged', 1, { tags: ['t'] })
    dict.invalidateTag('t')
    await dict.flush()
    for (const bucket of ['accessed', 'tags']) {
      const [row] = store.scan(bucket, {}, 1)
      write(store, (tx) => tx.put(bucket, row?.key as Uint8Array, Uint8Array.of(1, 2), 0))
    }
    const report = await dict.verify({ repair: true })
    expect(report.details.map(({ kind }) => kind).sort()).toEqual(['access', 'tag'])
    expect(await dict.verify()).toMatchObject({ findings: 0 })
    // Nothing is removed because of a mark that cannot be read.
    expect(dict.get('tagged')).toBe(1)
    expect(Array.from(dict.quarantine, ({ key }) => key)).toEqual(['t'])
    dict.close()
  })

  test(`verify() ends with the reason of its signal, and with ClosedError, on ${name}`, async () => {
    const { dict } = full()
    for (let at = 0; at < 20_000; at++) dict.set(`k${at}`, at)
    const stop = new AbortController()
    const stopped = dict.verify({ signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    const closed = dict.verify()
    dict.close()
    await expect(closed).rejects.toMatchObject({ code: 'ERR_PERSISTDICT_CLOSED' })
    await expect(dict.verify()).rejects.toMatchObject({ code: 'ERR_PERSISTDICT_CLOSED' })
  })

  test(`open() with check says what is wrong: 'blocking' throws, 'background' tells, on ${name}`, async () => {
    const { store, dict } = full()
    flip(store, 'alan')
    expect(() => open(store, { durability: 'commit', check: 'blocking' })).toThrow(
      expect.objectContaining({ code: 'ERR_PERSISTDICT_INTEGRITY', findings: 1 }),
    )
    const heard = new Promise((resolve) => dict.on('error', resolve))
    const other = open(store, { durability: 'commit', check: 'background' })
    expect(await heard).toMatchObject({ code: 'ERR_PERSISTDICT_INTEGRITY', findings: 1 })
    await dict.verify({ repair: true })
    open(store, { durability: 'commit', check: 'blocking' }).close()
    other.close()
    dict.close()
  })
}

function write(store: SyncStore, fn: (tx: StoreTransaction) => void): void {
  store.transaction('committed', (tx) => void fn(tx))
}

function rowsWith(store: SyncStore, text: string) {
  const holds = (bytes: Uint8Array) => Buffer.from(bytes).includes(text)
  return store.scan('rows', {}, 100).filter(({ key, record }) => holds(key) || holds(record))
}

/** Changes the last bit of the record of a key. */
function flip(store: SyncStore, text: string): void {
  const [row] = rowsWith(store, text)
  if (row === undefined) throw new Error(`there is no row with ${text}`)
  row.record[row.record.length - 1] = (row.record.at(-1) as number) ^ 1
  const [hint] = store
    .due('rows', Number.MAX_SAFE_INTEGER, 100)
    .filter(({ key }) => Buffer.from(key).equals(row.key))
  write(store, (tx) => tx.put('rows', row.key, row.record, hint?.deadline ?? 0))
}

function dump(store: SyncStore): unknown {
  return ['rows', 'counts', 'quarantine'].map((bucket) => store.scan(bucket, {}, 1_000))
}

test('verify() right after a store is opened again, and while databases are opened in transactions, on LMDB', async () => {
  for (const background of ['disabled', true] as const) {
    const path = tempDirectory()
    const first = open(path, { background })
    for (let at = 0; at < 1_000; at++) first.set(`k${at}`, at, at % 2 === 0 ? { ttl: '1h' } : {})
    first.close()
    const store = lmdbStore(path)
    using dict = open(store, { background })
    const running = dict.verify()
    for (let at = 0; at < 5; at++) {
      store.transaction('committed', (tx) =>
        tx.put(`bucket ${at}`, Uint8Array.of(1), Uint8Array.of(1), 0),
      )
    }
    expect(await running).toMatchObject({ findings: 0, entries: 1_000 })
  }
})
