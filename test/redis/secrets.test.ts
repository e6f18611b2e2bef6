/** What whoever runs a Redis server sees of an encrypted dict: its memory, its files, and the wire. */
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createClient, RESP_TYPES } from 'redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AsyncPersistDict, aesGcm, openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { memoryStore } from '../../src/store/memory.js'
import { tiered } from '../../src/tiered.js'
import { CANARIES, canariesOf } from '../dict/canaries.js'
import { ownServer, until } from './rows.js'
import type { RedisServer } from './server.js'

const cipher = aesGcm({ keys: [Buffer.alloc(32, 1)] })

/** Every form in which a server keeps and tells what it is given. Compression would hide from us, too. */
const TELLING = [
  ...['--appendonly', 'yes', '--aof-use-rdb-preamble', 'no'],
  ...['--rdbcompression', 'no', '--notify-keyspace-events', 'KEA'],
]

/** The server is told this when all is done. */
const LAST = 'the last word'

async function fill(dict: AsyncPersistDict<Record<string, unknown>>): Promise<void> {
  const stop = new AbortController()
  const watch = dict.watch(undefined, { signal: stop.signal })
  const first = watch.next()
  for (let at = 0; at < 5; at++) {
    await dict.set(`KeyCanary ${at}`, `ValueCanary ${at}`, { tags: ['TagCanary'], ttl: '1d' })
    await dict.set(`KeyCanary ${'x'.repeat(600)} ${at}`, { ValueCanary: 'ValueCanary '.repeat(99) })
  }
  const inner = dict.namespace('SpaceCanary').namespace('SpaceCanary of old')
  await inner.setMany({ KeyCanary: 'ValueCanary', 'KeyCanary 2': 2 }, { tags: ['TagCanary'] })
  await dict.set('KeyCanary brief', 'ValueCanary', { ttl: 20 })
  await dict.update('KeyCanary 1', () => 'ValueCanary again')
  await dict.delete('KeyCanary 3')
  const lock = await dict.lock('LockCanary')
  await dict.getOrSet('ComputeCanary', async () => 'ValueCanary', { ttl: '1d' })
  expect(await inner.getMany(['KeyCanary', 'KeyCanary 2'])).toEqual(['ValueCanary', 2])
  for await (const key of dict.keys({ prefix: 'KeyCanary' })) expect(key).toMatch('KeyCanary')
  await dict.invalidateTag('TagCanary')
  await dict.sweep()
  await lock.release()
  await inner.clear()
  await inner.set('KeyCanary', 'ValueCanary')
  await dict.flush()
  expect((await first).value).toMatchObject({ key: 'KeyCanary 0' })
  stop.abort()
}

/** All bytes that a server sends on a connection of its own after these commands. */
function listen(server: RedisServer, ...commands: string[]): () => Buffer {
  const socket = connect(server.port, '127.0.0.1')
  const heard: Buffer[] = []
  socket.on('data', (bytes) => heard.push(bytes))
  for (const command of commands) socket.write(`${command}\r\n`)
  onTestFinished(() => void socket.destroy())
  return () => Buffer.concat(heard)
}

/** Names and contents of all keys, whatever their type. */
async function dump(server: RedisServer): Promise<Buffer> {
  const client = await createClient({ url: server.url }).connect()
  const asBytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const parts: Buffer[] = []
  for await (const names of asBytes.scanIterator({ COUNT: 1_000 })) {
    for (const name of names) {
      parts.push(name)
      const type = String(await client.type(name))
      if (type === 'string') parts.push((await asBytes.get(name)) as Buffer)
      else if (type === 'zset') parts.push(...(await asBytes.zRange(name, 0, -1)))
      else if (type === 'list') parts.push(...(await asBytes.lRange(name, 0, -1)))
      else if (type === 'hash') parts.push(...(await asBytes.hVals(name)))
      else throw new Error(`A key is of type ${type}, which this test does not read.`)
    }
  }
  client.destroy()
  return Buffer.concat(parts)
}

async function filesOf(server: RedisServer): Promise<Buffer> {
  const client = await createClient({ url: server.url }).connect()
  await client.sendCommand(['SAVE'])
  await client.echo(LAST)
  const { dir } = (await client.configGet('dir')) as { dir: string }
  client.destroy()
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8', withFileTypes: true })
  const names = files.filter((file) => file.isFile()).map((file) => file.name)
  expect(names.join()).toMatch(/dump\.rdb/)
  expect(names.join()).toMatch(/\.aof/)
  return Buffer.concat(
    files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name))),
  )
}

/** The canaries in each place where the server could show them. */
async function shown(options: object, front = false): Promise<Record<string, string[]>> {
  const server = await ownServer(...TELLING)
  const monitored = listen(server, 'MONITOR')
  const notified = listen(server, 'PSUBSCRIBE *')
  await until(() => monitored().length > 0 && notified().length > 0)
  const far = redisStore({ url: server.url, prefix: 'app' })
  const store = front ? tiered({ near: memoryStore(), far }) : far
  const dict = await openAsync<Record<string, unknown>>(store, options)
  // Another process, which reads the same keys: the server tells it of each change by name.
  const reader = await openAsync<Record<string, unknown>>(
    redisStore({ url: server.url.replace('127.0.0.1', 'localhost'), prefix: 'app' }),
    options,
  )
  await reader.get('KeyCanary 0')
  await fill(dict)
  await reader.get('KeyCanary 0')
  const memory = await dump(server)
  const files = await filesOf(server)
  await dict.close()
  await reader.close()
  await until(() => monitored().includes(LAST) && notified().includes('app'))
  // The monitor writes bytes as \xNN: whatever is a letter stays one.
  return {
    memory: canariesOf(memory),
    files: canariesOf(files),
    wire: canariesOf(monitored()),
    notifications: canariesOf(notified()),
  }
}

const NOTHING = { memory: [], files: [], wire: [], notifications: [] }

describe('a server, its files, its monitor and its notifications', () => {
  test('show nothing of keys, values, tags, namespaces and locks of an encrypted dict', async () => {
    expect(await shown({ cipher })).toEqual(NOTHING)
  })

  test('show nothing of one in tiers, either', async () => {
    expect(await shown({ cipher }, true)).toEqual(NOTHING)
  })

  test('show all of a plain one, which shows that this test looks', async () => {
    const { memory, files, wire, notifications } = await shown({})
    const names = ['KeyCanary', 'ValueCanary', 'SpaceCanary']
    for (const place of [memory, files, wire]) expect(place).toEqual(expect.arrayContaining(names))
    expect(files).toContain('TagCanary')
    expect(notifications).toContain('KeyCanary')
    expect(CANARIES).toEqual(expect.arrayContaining(memory ?? []))
  })

  test('show names, and nothing else, with hashKeys: long', async () => {
    const { memory, files, wire } = await shown({ cipher, hashKeys: 'long' })
    for (const place of [memory, files, wire]) {
      expect(place).toContain('KeyCanary')
      expect(place).not.toContain('ValueCanary')
    }
  })
})
