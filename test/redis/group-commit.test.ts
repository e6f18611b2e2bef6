/** What is read or committed in one turn goes to the server together, and each is answered for itself. */
import { expect, onTestFinished, test } from 'vitest'
import { openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { callsDuring } from './calls.js'
import { ownServer, put, read, remove, storeOn } from './rows.js'

const TOGETHER = 20

/** One, and one or two of the dict itself, which looks now and then whether anybody asks what it does. */
const MOST_READS = 4

const keys = Array.from({ length: TOGETHER }, (_, at) => `key ${at}`)

function putIf(store: AsyncStore, key: string, starts: string | undefined, value: string) {
  return store.commit({
    promise: 'committed',
    checks: [
      { bucket: 'rows', key: Buffer.from(key), starts: starts ? Buffer.from(starts) : undefined },
    ],
    operations: [
      {
        kind: 'put',
        bucket: 'rows',
        key: Buffer.from(key),
        record: Buffer.from(value),
        deadline: 0,
      },
    ],
  })
}

test('set() and get() of several keys at once take one call of the server each', async () => {
  const { url } = await ownServer()
  // Nothing of its own may come between.
  const options = { background: 'disabled' } as const
  const dict = await openAsync<Record<string, number>>(
    redisStore({ url, tracking: false }),
    options,
  )
  onTestFinished(() => dict.close())
  const first = await callsDuring(url, () => Promise.all(keys.map((key) => dict.set(key, 0))))
  // One read of all rows, versions for all, and one commit of all.
  expect(first.scripts).toBe(2)
  expect(first.reads).toBeLessThan(MOST_READS)
  const writing = await callsDuring(url, () => Promise.all(keys.map((key) => dict.set(key, 1))))
  expect(writing.scripts).toBe(1)
  const reading = await callsDuring(url, () => Promise.all(keys.map((key) => dict.get(key))))
  expect(reading.scripts).toBe(0)
  expect(reading.reads).toBeLessThan(MOST_READS)
})

test('of commits that go together, each is applied or not for itself', async () => {
  const { url } = await ownServer()
  const store = storeOn(url)
  await put(store, 'there', 'value 1')
  const answers = await Promise.all([
    putIf(store, 'there', undefined, 'not absent'),
    putIf(store, 'new', undefined, 'value 2'),
    putIf(store, 'there', 'other', 'begins otherwise'),
    putIf(store, 'there', 'value 1 and more', 'is shorter'),
    putIf(store, 'there', 'value', 'value 3'),
    // In its turn: what went before it has changed the row.
    putIf(store, 'there', 'value 1', 'late'),
    remove(store, 'new'),
  ])
  expect(answers).toEqual([false, true, false, false, true, false, true])
  expect(await Promise.all(['there', 'new'].map((key) => read(store, key)))).toEqual([
    'value 3',
    undefined,
  ])
  expect(await store.count('rows', {}, 0)).toBe(1)
})

test('a row that another program has spoilt fails its own commit, and none beside it', async () => {
  const server = await ownServer()
  const store = storeOn(server.url, { prefix: 'app' })
  await server.ask('LPUSH', '{app}:r:rows:spoilt', 'a list')
  const settled = await Promise.allSettled([
    putIf(store, 'one', undefined, 'value'),
    putIf(store, 'spoilt', 'begins', 'value'),
    putIf(store, 'two', undefined, 'value'),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(String((settled[1] as PromiseRejectedResult).reason)).toMatch(/StoreError.*WRONGTYPE/)
  expect(await read(store, 'two')).toBe('value')
})

test('more than goes together is committed all the same, in the order of its calls', async () => {
  const { url } = await ownServer()
  const store = storeOn(url)
  const many = Array.from({ length: 1_000 }, (_, at) => at)
  const large = 'x'.repeat(5_000)
  await Promise.all(many.map((at) => put(store, `key ${at % 100}`, `${at} ${large}`)))
  const found = await Promise.all(many.slice(0, 100).map((at) => read(store, `key ${at}`)))
  expect(found.map((value) => value?.split(' ')[0])).toEqual(many.slice(900).map(String))
})

test('a deadline that a later put takes away leaves nothing in the index of deadlines', async () => {
  const server = await ownServer()
  const store = storeOn(server.url, { prefix: 'app' })
  await Promise.all(keys.map((key) => put(store, key, 'value', Date.now() + 60_000)))
  await Promise.all(
    keys.map((key, at) => (at % 2 ? put(store, key, 'for ever') : remove(store, key))),
  )
  expect(await server.ask('EXISTS', '{app}:d:rows')).toBe(':0')
  expect(await server.ask('ZCARD', '{app}:i:rows')).toBe(`:${TOGETHER / 2}`)
  expect(await server.ask('TTL', '{app}:r:rows:key 1')).toBe(':-1')
})
