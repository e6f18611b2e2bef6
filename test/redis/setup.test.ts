/** The servers that the tests of Redis run on are themselves looked at. */
import { createClient, createCluster } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { startRedis } from './server.js'
import { sharedCluster } from './shared-cluster.js'

test('redisUrl() is that of a server that answers', async () => {
  const client = await createClient({ url: redisUrl() }).connect()
  onTestFinished(() => client.destroy())
  expect(await client.ping()).toBe('PONG')
})

test('kill() ends a server, and start() brings it back on its port', async () => {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  expect(await server.ask('SET', 'key', 'value')).toBe('+OK')
  await server.kill()
  await expect(server.ask('PING')).rejects.toThrow('ECONNREFUSED')
  await server.start()
  expect(await server.ask('EXISTS', 'key')).toBe(':0')
})

test('sharedCluster() is one cluster of three masters', async () => {
  const { rootNodes } = await sharedCluster()
  const client = createCluster({ rootNodes: [...rootNodes] })
  await client.connect()
  onTestFinished(() => client.destroy())
  expect(client.masters).toHaveLength(3)
  const prefix = newPrefix()
  const keys = Array.from({ length: 50 }, (_, at) => `${prefix} ${at}`)
  await Promise.all(keys.map((key) => client.set(key, key)))
  expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys)
  const used = await Promise.all(
    rootNodes.map(async ({ url }) => {
      const node = await createClient({ url }).connect()
      onTestFinished(() => node.destroy())
      return node.dbSize()
    }),
  )
  expect(used).not.toContain(0)
})
