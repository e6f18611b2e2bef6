/** Asynchronous dicts over Redis. */
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AsyncPersistDict, openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { MODULES } from './modules.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { storeOn, until } from './rows.js'

type Shape = Record<string, unknown>

async function opened(prefix: string, options = {}): Promise<AsyncPersistDict<Shape>> {
  const dict = await openAsync<Shape>(storeOn(redisUrl(), { prefix, ...options }))
  onTestFinished(() => dict.close())
  return dict
}

describe.each(MODULES)('through %s', (_, module) => {
  test('get() of two dicts that share no cache sees what the other has set', async () => {
    const prefix = newPrefix()
    const dict = await opened(prefix, { module })
    // Another process as far as the store can tell: its identity differs by the address.
    const url = redisUrl().replace('127.0.0.1', 'localhost')
    const other = await openAsync<Shape>(storeOn(url, { prefix, module }))
    onTestFinished(() => other.close())
    for (let round = 0; round < 20; round++) {
      await other.set('key', { round })
      await until(async () => ((await dict.get('key')) as { round: number })?.round === round)
      await dict.set('back', round)
      await until(async () => (await other.get('back')) === round)
    }
    await until(async () => {
      const before = (await dict.stats()).hits
      await dict.get('key')
      return (await dict.stats()).hits > before
    })
  })

  test('an entry that expires is told, once it is gone', async () => {
    const dict = await opened(newPrefix(), { module })
    const told: unknown[] = []
    dict.on('expire', ({ key }) => told.push(key))
    // Connecting takes time, which is none of the short one's.
    await dict.set('long', 1, { ttl: '1h' })
    await dict.set('short', 1, { ttl: 1_000 })
    await until(() => told.length > 0)
    expect(told).toEqual(['short'])
    expect(await dict.get('short')).toBe(undefined)
    expect(await dict.size()).toBe(1)
  })
})

test('two databases of one server are two stores, also when clientOptions or a client name them', async () => {
  const prefix = newPrefix()
  const url = redisUrl()
  const client = createClient({ url, database: 2 })
  await client.connect()
  onTestFinished(() => client.destroy())
  const stores = [
    redisStore({ url, prefix }),
    redisStore({ url, prefix, clientOptions: { database: 1 } }),
    redisStore({ client, prefix }),
  ]
  const dicts = await Promise.all(stores.map((store) => openAsync<Shape>(store)))
  onTestFinished(async () => {
    await Promise.all(dicts.map((dict) => dict.clear()))
    await Promise.all(dicts.map((dict) => dict.close()))
  })
  await Promise.all(dicts.map((dict, at) => dict.set('key', at)))
  expect(await Promise.all(dicts.map((dict) => dict.get('key')))).toEqual([0, 1, 2])
})
