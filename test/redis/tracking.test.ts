/** What a store hears of changes by others, and that it says so when it does not. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AsyncStore } from '../../src/store/async-store.js'
import { startCluster } from './cluster.js'
import { MODULES } from './modules.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { ownServer, put, read, remove, storeOn, until } from './rows.js'

/** What a store has told: `bucket key`, or `all`. */
function told(store: AsyncStore): string[] {
  const list: string[] = []
  store.onInvalidate((bucket, key) => {
    list.push(key === undefined ? 'all' : `${bucket} ${Buffer.from(key).toString()}`)
  })
  return list
}

async function hearing(store: AsyncStore): Promise<string[]> {
  const list = told(store)
  await until(() => store.hears)
  list.length = 0
  return list
}

describe.each(MODULES)('through %s', (_, module) => {
  test('onInvalidate() hears of rows put, replaced, deleted, cleared and expired by others', async () => {
    const prefix = newPrefix()
    const reader = storeOn(redisUrl(), { prefix, module })
    const writer = storeOn(redisUrl(), { prefix, module })
    const list = await hearing(reader)
    const next = async (wanted: string) => {
      await until(() => list.includes(wanted))
      expect(new Set(list)).toEqual(new Set([wanted]))
      list.length = 0
    }
    await put(writer, 'a', '1')
    await next('rows a')
    await put(writer, 'a', '2')
    await next('rows a')
    await remove(writer, 'a')
    await next('rows a')
    await put(writer, 'hostile: \0 }{ \n', '1')
    await next('rows hostile: \0 }{ \n')
    await writer.clear('rows', {})
    await next('rows hostile: \0 }{ \n')
    // Once when it is put, and once when it has expired: however late the first is heard.
    await put(writer, 'short', '1', Date.now() + 1_000)
    // Redis tells of an expired row when it removes it, which it does at the latest when it is read.
    await until(async () => (await read(writer, 'short')) === undefined)
    await until(() => list.length >= 2)
    expect(list).toEqual(['rows short', 'rows short'])
  })

  test('no value that was read before is kept once its change was told, also if a read was under way', async () => {
    const prefix = newPrefix()
    const reader = storeOn(redisUrl(), { prefix, module })
    const writer = storeOn(redisUrl(), { prefix, module })
    // A cache as a dict has it: a value is kept unless its key was told while it was read.
    let cached: string | undefined
    let tellings = 0
    reader.onInvalidate(() => {
      cached = undefined
      tellings++
    })
    await until(() => reader.hears)
    let newest = 0
    for (let round = 1; round <= 200; round++) {
      const before = tellings
      const value = await read(reader, 'key')
      if (tellings === before) cached = value
      await put(writer, 'key', String(round))
      newest = round
      await until(() => tellings > before)
      expect(cached === undefined || Number(cached) === newest).toBe(true)
    }
  })

  test('hears is false from the loss of the connection until there is a new one; both are told', async () => {
    const server = await ownServer()
    const store = storeOn(server.url, { module })
    const list = await hearing(store)
    await server.kill()
    await until(() => !store.hears)
    expect(list).toEqual(['all'])
    await server.start()
    await until(() => store.hears)
    expect(list).toEqual(['all', 'all'])
    await put(store, 'key', 'value')
    await until(() => list.includes('rows key'))
  })

  test('hears becomes false when the server gives no sign of life', async () => {
    const server = await ownServer()
    const store = storeOn(server.url, { module })
    await hearing(store)
    server.pause()
    onTestFinished(() => server.resume())
    await until(() => !store.hears)
    server.resume()
    await until(() => store.hears)
  })
})

test('with tracking: false nothing is heard, and hears stays false', async () => {
  const prefix = newPrefix()
  const store = storeOn(redisUrl(), { prefix, tracking: false })
  const other = storeOn(redisUrl(), { prefix })
  const list = told(store)
  await hearing(other)
  await put(other, 'key', 'value')
  expect(await read(store, 'key')).toBe('value')
  expect([store.hears, ...list]).toEqual([false])
})

test('the whole database emptied is told as a change of everything', async () => {
  const server = await ownServer()
  const store = storeOn(server.url)
  const list = await hearing(store)
  await server.ask('FLUSHALL')
  await until(() => list.includes('all'))
})

test('changes are heard from all masters of a cluster', async () => {
  const cluster = await startCluster()
  onTestFinished(() => cluster.stop())
  const options = {
    url: undefined,
    cluster: { rootNodes: cluster.rootNodes },
    prefix: newPrefix(),
    parts: 16,
  }
  const reader = storeOn('', options)
  const writer = storeOn('', options)
  const list = await hearing(reader)
  const keys = Array.from({ length: 50 }, (_, at) => `key ${at}`)
  await Promise.all(keys.map((key) => put(writer, key, 'value')))
  await until(() => new Set(list).size === keys.length)
  await cluster.nodes[1]?.kill()
  await until(() => !reader.hears)
})
