/** A server that is absent, refuses, is full, hangs, dies and comes back. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { StoreFullError } from '../../src/errors/store-errors.js'
import {
  OptionError,
  ReadOnlyStoreError,
  StoreAccessError,
  StoreTimeoutError,
  UnreachableError,
} from '../../src/index.js'
import { runChild } from '../processes/child.js'
import { MODULES } from './modules.js'
import { ownServer, put, putAtLast, read, remove, storeOn, until } from './rows.js'

/** So long do calls wait for an absent server. */
const TIMEOUT_MS = 2_000

describe.each(MODULES)('through %s', (name, module) => {
  test('a server that is absent at the start is an UnreachableError, and is used once it is there', async () => {
    const server = await ownServer()
    await server.kill()
    const store = storeOn(server.url, { timeout: TIMEOUT_MS, module })
    const reading = expect(read(store, 'key')).rejects.toThrow(UnreachableError)
    const error = await put(store, 'key', 'value').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnreachableError)
    expect(String(error)).toContain(`127.0.0.1:${server.port}`)
    expect(String(error)).toContain('ECONNREFUSED')
    await reading
    await server.start()
    await putAtLast(store, 'key', 'value')
    expect(await read(store, 'key')).toBe('value')
  })

  test('a call that waits while the server starts is answered', async () => {
    const server = await ownServer()
    await server.kill()
    const store = storeOn(server.url, { module, timeout: 120_000 })
    const waiting = put(store, 'key', 'value')
    await server.start()
    expect(await waiting).toBe(true)
  })

  test('a wrong password is a StoreAccessError at once, and no message shows it', async () => {
    const server = await ownServer('--requirepass', 'right')
    const address = `127.0.0.1:${server.port}`
    for (const secret of ['', ':wrong@', 'nobody:wrong@']) {
      const store = storeOn(`redis://${secret}${address}`, { module })
      const error = await read(store, 'key').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(StoreAccessError)
      expect(String(error)).toContain('password')
      expect(`${String(error)} ${store.location} ${store.identity}`).not.toContain('wrong@')
    }
    const store = storeOn(`redis://:right@${address}`, { module })
    expect(await put(store, 'key', 'value')).toBe(true)
    expect(store.location).toBe(`redis://${address}`)
  })

  test('nothing is done as another user, or in another database, than was asked for', async () => {
    // Whoever does not log in may do everything here.
    const server = await ownServer()
    const address = `127.0.0.1:${server.port}`
    const client = module.createClient({ url: `redis://nobody:wrong@${address}` } as never)
    client.on('error', () => {})
    onTestFinished(() => {
      if (client.isOpen) client.destroy()
    })
    const stores = [
      storeOn(`redis://nobody:wrong@${address}`, { module }),
      storeOn(`redis://${address}/999`, { module }),
      storeOn('', { url: undefined, client, timeout: TIMEOUT_MS }),
    ]
    const [user, database, given] = stores.map((store) =>
      // Several at once, of which the first makes the connection.
      Promise.allSettled([put(store, 'a', '1'), read(store, 'a'), put(store, 'b', '2')]),
    )
    for (const result of (await user) ?? []) {
      expect(result).toMatchObject({ reason: expect.any(StoreAccessError) })
      expect(result).toMatchObject({ reason: { message: expect.stringContaining('WRONGPASS') } })
    }
    for (const result of (await database) ?? []) {
      expect(result).toMatchObject({ reason: expect.any(OptionError) })
    }
    for (const result of (await given) ?? []) expect(result).toMatchObject({ status: 'rejected' })
    expect(await server.ask('DBSIZE')).toBe(':0')
  })

  test('a replica that takes no writes is a ReadOnlyStoreError, and can be read', async () => {
    const master = await ownServer('--repl-diskless-sync-delay', '0')
    const prefix = 'shared'
    await put(storeOn(master.url, { prefix }), 'key', 'value')
    const replica = await ownServer('--replicaof', '127.0.0.1', String(master.port))
    const store = storeOn(replica.url, { prefix, module })
    await until(async () => (await read(store, 'key')) === 'value')
    await expect(put(store, 'key', 'other')).rejects.toThrow(ReadOnlyStoreError)
    await expect(store.nextVersions(1)).rejects.toThrow(ReadOnlyStoreError)
    expect(await read(store, 'key')).toBe('value')
    expect((await store.scan('rows', {}, 10)).length).toBe(1)
  })

  test('maxmemory is a StoreFullError that changes nothing; reading and deleting still work', async () => {
    const server = await ownServer('--maxmemory', '5mb')
    const store = storeOn(server.url, { module })
    const large = new Uint8Array(500_000)
    let written = 0
    const fill = async () => {
      for (; ; written++) await put(store, `key ${written}`, large)
    }
    const error = await fill().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StoreFullError)
    expect(String(error)).toContain('maxmemory')
    expect(await read(store, `key ${written}`)).toBe(undefined)
    expect(await store.count('rows', {}, 0)).toBe(written)
    expect(await read(store, 'key 0')).toHaveLength(large.length)
    for (let at = 0; at < written; at++) await remove(store, `key ${at}`)
    expect(await put(store, 'small', 'value')).toBe(true)
  })

  test('a server that hangs is a StoreTimeoutError; what timed out is not done when it goes on', async () => {
    const server = await ownServer()
    const store = storeOn(server.url, { timeout: TIMEOUT_MS, module })
    await putAtLast(store, 'key', 'before')
    server.pause()
    const late = [put(store, 'key', 'late'), put(store, 'other', 'late'), read(store, 'key')]
    await Promise.all(late.map((call) => expect(call).rejects.toThrow(StoreTimeoutError)))
    // The commits carry the time at which they are too late, which is a little after the timeout.
    await new Promise((resolve) => setTimeout(resolve, 200))
    server.resume()
    // On its connection, this comes after what timed out.
    await until(async () => (await read(store, 'key').catch(() => 'not yet')) === 'before')
    expect(await read(store, 'other')).toBe(undefined)
    expect(await put(store, 'key', 'after')).toBe(true)
  })

  test('a process that waits for nothing ends, whether the store was closed or not', async () => {
    const server = await ownServer()
    const args = [server.url, name.endsWith('5') ? 'redis-5' : 'redis']
    const ended = await runChild('redis-rest.mjs', [...args, 'up'])
    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: 'value\n' })
    await server.kill()
    const alone = await runChild('redis-rest.mjs', [...args, 'down'])
    expect(alone).toMatchObject({ code: 0, stderr: '', stdout: 'ERR_PERSISTDICT_UNREACHABLE\n' })
  })

  test('reads go on over a restart of the server; a lost connection is told once', async () => {
    const server = await ownServer('--appendonly', 'yes', '--appendfsync', 'always')
    const store = storeOn(server.url, { module, timeout: 120_000 })
    const told: unknown[] = []
    store.onError?.((error) => told.push(error))
    await put(store, 'key', 'value')
    const answers: unknown[] = []
    let isOver = false
    const readers = Array.from({ length: 8 }, async () => {
      while (!isOver) answers.push(await read(store, 'key'))
    })
    await until(() => answers.length > 50)
    await server.kill()
    await until(() => told.length > 0)
    await server.start()
    const { length } = answers
    await until(() => answers.length > length + 50)
    isOver = true
    await Promise.all(readers)
    expect(new Set(answers)).toEqual(new Set(['value']))
    // Each attempt fails in one of a few ways, however long the server is away.
    expect(told.length).toBeLessThan(10)
  })
})

// What is lost when the server is killed under load, by its settings. With everysec that depends on the disk:
// while it syncs, the server answers before it hands its log to the system.
const POLICIES = [
  { policy: 'appendfsync always', settings: ['--appendonly', 'yes', '--appendfsync', 'always'] },
  {
    policy: 'appendfsync everysec',
    settings: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  },
  { policy: 'nothing kept', settings: ['--appendonly', 'no'] },
]

describe.each(POLICIES)('killed under load, with $policy', ({ policy, settings }) => {
  test('acknowledged writes are there again, or all are lost; versions grow; calls end', async () => {
    const server = await ownServer(...settings)
    const store = storeOn(server.url, { timeout: TIMEOUT_MS })
    await putAtLast(store, 'first', 'value')
    const acknowledged = new Map<string, string>()
    const unsure = new Map<string, string>()
    let isOver = false
    let failures = 0
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; !isOver; round++) {
        const key = `${writer} ${round % 50}`
        try {
          unsure.set(key, String(round))
          await put(store, key, String(round))
          acknowledged.set(key, String(round))
          unsure.delete(key)
        } catch (error) {
          failures++
          expect(error).toBeInstanceOf(UnreachableError)
          // Not written again, so that what may be there is known.
          break
        }
      }
    })
    await until(() => acknowledged.size >= 100)
    const before = await store.nextVersions(1)
    await server.kill()
    await Promise.all(writers.map((writer) => Promise.race([writer, until(() => failures > 0)])))
    await server.start()
    isOver = true
    await Promise.all(writers)
    // To connect again may take longer than the timeout.
    await putAtLast(store, 'last', 'value')
    expect(await store.nextVersions(1)).toBeGreaterThan(before)
    let lost = 0
    for (const [key, value] of acknowledged) {
      const found = await read(store, key)
      if (found === value || (unsure.has(key) && found === unsure.get(key))) continue
      expect(found).toBe(undefined)
      lost++
    }
    console.log(
      `${policy}: ${lost} of ${acknowledged.size} acknowledged keys lost, ${failures} calls failed`,
    )
    if (policy === 'appendfsync always') expect(lost).toBe(0)
    if (policy === 'nothing kept') expect(lost).toBeGreaterThan(0)
    // Rows and index tell the same, whatever was lost.
    const rows = await store.scan('rows', {}, 1_000)
    expect(await store.count('rows', {}, 0)).toBe(rows.length)
  })
})
