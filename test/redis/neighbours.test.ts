/** Other programs in the same database, hostile names, and what Redis itself sees. */
import { createClient } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { MODULES } from './modules.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { ownServer, put, read, storeOn, until } from './rows.js'

const HOSTILE = [
  'a',
  'a:r:rows:',
  'a}',
  '{a}',
  'a}:r:rows:b',
  '*',
  '..',
  'a\0',
  '%',
  '#0',
  '\ud800',
  '?[^]\\',
]

test('keys of other programs survive everything that a store does (W8)', async () => {
  const server = await ownServer()
  const client = await createClient({ url: server.url }).connect()
  onTestFinished(() => client.destroy())
  const prefix = 'app'
  const others = [
    'app',
    'app:r:rows:key',
    '{app',
    '{app}',
    '{app}x',
    '{app2}:r:rows:key',
    '*',
    'rows',
  ]
  for (const name of others) await client.set(name, `kept ${name}`)
  await client.rPush('list', ['1', '2'])
  const store = storeOn(server.url, { prefix })
  for (const key of ['key', '', '*', '..', 'a:b', '\0', '}', 'x'.repeat(500)])
    await put(store, key, 'value')
  await put(store, 'gone', 'value', Date.now() - 1)
  await store.clear('rows', {})
  await store.clear('', {})
  expect(await store.count('rows', {}, Date.now())).toBe(0)
  await store.nextVersions(5)
  await store.due('rows', Number.MAX_SAFE_INTEGER, 100)
  await store.close()
  for (const name of others) expect(await client.get(name)).toBe(`kept ${name}`)
  expect(await client.lRange('list', 0, -1)).toEqual(['1', '2'])
  // Nothing of ours is left but the last version.
  expect(await client.dbSize()).toBe(others.length + 2)
})

test('stores with hostile prefixes share nothing, and each clears its own only', async () => {
  const base = newPrefix()
  const stores = HOSTILE.map((name) => storeOn(redisUrl(), { prefix: name + base }))
  for (const [at, store] of stores.entries()) await put(store, 'key', `${at}`)
  for (const [at, store] of stores.entries()) {
    expect(await read(store, 'key')).toBe(`${at}`)
    expect(await store.count('rows', {}, 0)).toBe(1)
  }
  await stores[0]?.clear('rows', {})
  for (const store of stores.slice(1)) expect(await store.count('rows', {}, 0)).toBe(1)
  for (const store of stores) await store.clear('rows', {})
})

test('keys `..`, `*`, `a:b`, NUL and one of 10 MB are keys like others', async () => {
  const store = storeOn(redisUrl())
  const keys = ['..', '*', 'a:b', '\0', '{}', 'x'.repeat(10_000_000)]
  for (const [at, key] of keys.entries()) await put(store, key, `${at}`)
  for (const [at, key] of keys.entries()) expect(await read(store, key)).toBe(`${at}`)
  expect(await store.count('rows', {}, 0)).toBe(keys.length)
  const found = await store.scan('rows', {}, 100)
  expect(found.map(({ key }) => Buffer.from(key).toString())).toEqual([...keys].sort())
  await store.clear('rows', {})
  expect(await store.scan('rows', {}, 100)).toEqual([])
})

test('the time to live of a row in Redis is its deadline, to the millisecond', async () => {
  const server = await ownServer()
  const store = storeOn(server.url, { prefix: 'app' })
  const deadline = Date.now() + 60_000
  await put(store, 'key', 'value', deadline)
  expect(await server.ask('PEXPIRETIME', '{app}:r:rows:key')).toBe(`:${deadline}`)
  await put(store, 'key', 'value')
  expect(await server.ask('PEXPIRETIME', '{app}:r:rows:key')).toBe(':-1')
})

test('a row that Redis dropped leaves nothing behind once it was counted', async () => {
  const server = await ownServer()
  const store = storeOn(server.url, { prefix: 'app' })
  // Those who do not listen leave it for seconds to those who do.
  store.onDrop?.(() => {})
  const deadline = Date.now() + 50
  for (let at = 0; at < 1_500; at++) await put(store, `key ${at}`, 'value', deadline + at / 100)
  await put(store, 'staying', 'value')
  await until(async () => (await read(store, 'key 1499')) === undefined)
  expect((await store.scan('rows', {}, 10)).length).toBe(1)
  expect(await store.count('rows', {}, Date.now())).toBe(1)
  expect(await server.ask('ZCARD', '{app}:i:rows')).toBe(':1')
  expect(await server.ask('ZCARD', '{app}:d:rows')).toBe(':0')
})

test.each(MODULES)(
  'a client that was given is connected, used and left open (%s)',
  async (_, module) => {
    for (const options of [
      { url: redisUrl(), RESP: 2 },
      { url: redisUrl(), RESP: 3 },
    ]) {
      const client = module.createClient(options as never)
      client.on('error', () => {})
      onTestFinished(() => client.destroy())
      const store = redisStore({ client, prefix: newPrefix() })
      const told: unknown[] = []
      store.onInvalidate((_bucket, key) => told.push(key))
      expect(await put(store, 'key', 'value')).toBe(true)
      expect(await read(store, 'key')).toBe('value')
      await until(() => store.hears)
      expect(store.location).toContain('127.0.0.1')
      await store.close()
      expect(client.isReady).toBe(true)
      await expect(read(store, 'key')).rejects.toThrow('closed')
    }
  },
)

test('redisStore() refuses options that cannot be used, and shows no password', () => {
  const refused: [object, string][] = [
    [{}, 'exactly one of url, client and cluster'],
    [{ url: 'redis://localhost', cluster: {} }, 'exactly one'],
    [{ url: 'http://:secret@localhost' }, 'redis://localhost'],
    [{ url: 'redis://:secret@local host' }, 'redis://localhost'],
    [{ url: 'redis://:secret@localhost', clientOptions: { socket: { tls: true } } }, 'socket.tls'],
    [{ url: 'redis://localhost', prefix: '' }, 'prefix'],
    [{ url: 'redis://localhost', prefix: 1 }, 'prefix'],
    [{ url: 'redis://localhost', parts: 0 }, 'parts'],
    [{ url: 'redis://localhost', parts: 257 }, 'parts'],
    [{ url: 'redis://localhost', Prefix: 'a' }, 'Did you mean "prefix"?'],
    [{ cluster: {}, clientOptions: {} }, 'clientOptions'],
    [{ url: 'redis://localhost', timeout: '1 fortnight' }, 'timeout'],
    [{ url: 'redis://localhost', timeout: 0 }, 'timeout'],
    [{ client: {} }, 'createClient()'],
    [{ client: null }, 'createClient()'],
    [{ client: 'redis://:secret@localhost' }, 'createClient()'],
    [{ cluster: 5 }, 'createCluster()'],
    [{ cluster: null }, 'createCluster()'],
    [{ cluster: [{ url: 'redis://:secret@localhost' }] }, 'createCluster()'],
    [{ cluster: {} }, 'rootNodes'],
    [{ cluster: { rootNodes: [] } }, 'rootNodes'],
    [{ url: 'redis://localhost', clientOptions: 5 }, 'clientOptions'],
    [{ url: 'redis://localhost', clientOptions: null }, 'clientOptions'],
    [{ url: 'redis://localhost', module: {} }, 'node-redis'],
    [{ url: 'redis://localhost', module: 'redis' }, 'node-redis'],
    [{ url: 'redis://localhost', tracking: 'no' }, 'tracking'],
  ]
  for (const [options, message] of refused) {
    const error = attempt(() => redisStore(options as never))
    expect(String(error)).toContain(message)
    expect(String(error)).not.toContain('secret')
  }
})

function attempt(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}
