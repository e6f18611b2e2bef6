/** The rights that docs/stores/redis.md names are enough for all that a dict does. */
import { readFileSync } from 'node:fs'
import { createClient } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { ownServer, until } from './rows.js'

/** The words of the list in the page, with the prefix in its place. */
function documented(prefix: string): string[] {
  const page = readFileSync(new URL('../../docs/stores/redis.md', import.meta.url), 'utf8')
  const [, list = ''] = /## Permissions.*?```text\n(.*?)```/s.exec(page) ?? []
  return list.trim().replaceAll('{prefix}', `{${prefix}}`).split(/\s+/)
}

test('a user with the documented rights may do all that a dict does', async () => {
  const server = await ownServer('--notify-keyspace-events', 'Ex')
  const admin = createClient({ url: server.url })
  await admin.connect()
  onTestFinished(() => admin.destroy())
  const grant = (rights: string[]) =>
    admin.sendCommand(['ACL', 'SETUSER', 'app', 'on', '>secret', ...rights])
  const rights = documented('app')
  // Servers before 7.2 do not know that one, and node-redis does without.
  const older = rights.filter((right) => right !== '+client|setinfo')
  await grant(rights).catch(() => grant(older))
  const url = server.url.replace('redis://', 'redis://app:secret@')
  const store = redisStore({ url, prefix: 'app' })
  const dict = await openAsync<Record<string, number>>(store, { maxIdle: '1h', ttl: '1d' })
  onTestFinished(() => dict.close())
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  const expired: unknown[] = []
  dict.on('expire', ({ key }) => void expired.push(key))
  await until(() => store.hears)
  const seen: unknown[] = []
  const watching = (async () => {
    for await (const change of dict.watch()) {
      seen.push(change.event)
      return
    }
  })()
  await until(async () => {
    await dict.set('watched', 1)
    return seen.length > 0
  })
  await watching
  await dict.setMany({ a: 1, b: 2, [`${'k'.repeat(600)}`]: 3 }, { tags: ['t'] })
  await dict.set('short', 1, { ttl: 50 })
  await dict.increment('a')
  await dict.delete('b')
  await dict.getMany(['a', 'b'])
  expect(await dict.getEntry('a')).toMatchObject({ value: 2, accessedAt: expect.any(Number) })
  await dict.invalidateTag('t')
  await dict.getOrSet('computed', () => 5)
  await dict.withLock('a', () => 1)
  await dict.namespace('n').set('x', 1)
  await until(() => expired.length > 0)
  expect(await dict.toObject()).toMatchObject({ computed: 5 })
  await dict.sweep()
  expect((await dict.verify()).findings).toBe(0)
  await dict.stats()
  await dict.flush()
  await dict.namespace('n').clear()
  await dict.clear()
  expect(await dict.size()).toBe(0)
  expect(errors).toEqual([])
  const log = (await admin.sendCommand(['ACL', 'LOG'])) as unknown[]
  expect(log).toEqual([])
})
