/** The servers that the tests of Redis run on are themselves looked at. */
import { createClient, createCluster } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { startCluster } from './cluster.js'
import { redisUrl } from './redis-url.js'
import { startRedis } from './server.js'

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

test('startCluster() makes one cluster of three masters', async () => {
  const cluster = await startCluster()
  onTestFinished(() => cluster.stop())
  const client = createCluster({ rootNodes: [...cluster.rootNodes] })
  await client.connect()
  onTestFinished(() => client.destroy())
  expect(client.masters).toHaveLength(3)
  await Promise.all(Array.from({ length: 50 }, (_, at) => client.set(`key ${at}`, `${at}`)))
  expect(await client.get('key 49')).toBe('49')
  const counts = await Promise.all(cluster.nodes.map((node) => node.ask('DBSIZE')))
  expect(counts.reduce((sum, text) => sum + Number(text.slice(1)), 0)).toBe(50)
  expect(counts).not.toContain(':0')
})
