/** A node of a cluster that dies and comes back, and a slot that moves to another node. */
import { createClient } from 'redis'
import { expect, onTestFinished, test } from 'vitest'
import { StoreError } from '../../src/errors/store-errors.js'
import { type RedisCluster, startCluster } from './cluster.js'
import { MODULES } from './modules.js'
import { newPrefix } from './prefix.js'
import { put, read, storeOn, until } from './rows.js'

test('calls to a node that died reject as StoreError, and go on when it is back', async () => {
  const cluster = await startCluster()
  onTestFinished(() => cluster.stop())
  // One death for both versions of node-redis.
  const keys = Array.from({ length: 50 }, (_, at) => `key ${at}`)
  const sides = MODULES.map(([name, module]) => {
    const store = storeOn('', {
      url: undefined,
      cluster: { rootNodes: cluster.rootNodes },
      prefix: newPrefix(),
      parts: 16,
      timeout: 2_000,
      module,
    })
    const putAll = (value: string) =>
      Promise.all(keys.map((key) => put(store, key, value).catch((error: unknown) => error)))
    return { name, store, putAll }
  })
  for (const { putAll } of sides) {
    // On a busy machine, connecting to all nodes may take longer than the timeout.
    await until(async () => (await putAll('before')).every((outcome) => outcome === true))
  }
  await cluster.nodes[1]?.kill()
  const meanwhile = await Promise.all(sides.map(({ putAll }) => putAll('meanwhile')))
  for (const [at, { name }] of sides.entries()) {
    const failures = meanwhile[at]?.filter((outcome) => outcome !== true) ?? []
    expect(failures.length, name).toBeGreaterThan(0)
    for (const failure of failures) expect(failure, name).toBeInstanceOf(StoreError)
  }
  await cluster.nodes[1]?.start()
  for (const { name, store, putAll } of sides) {
    await until(async () => (await putAll('after')).every((outcome) => outcome === true))
    const values = await Promise.all(keys.map((key) => read(store, key)))
    expect(new Set(values), name).toEqual(new Set(['after']))
  }
})

test('while the slot of a store moves to another node, calls are answered and nothing is lost', async () => {
  const cluster = await startCluster()
  onTestFinished(() => cluster.stop())
  const prefix = newPrefix()
  const store = storeOn('', {
    url: undefined,
    cluster: { rootNodes: cluster.rootNodes },
    prefix,
    timeout: 60_000,
  })
  const keys = Array.from({ length: 300 }, (_, at) => `key ${String(at).padStart(3, '0')}`)
  await Promise.all(keys.map((key) => put(store, key, 'before')))
  let isMoving = true
  let rounds = 0
  const load = (async () => {
    for (; isMoving || rounds < 3; rounds++) {
      await Promise.all(keys.slice(0, 20).map((key) => put(store, key, `${rounds}`)))
      expect(await read(store, 'key 299')).toBe('before')
      const found = await store.scan('rows', {}, 1_000)
      expect(found.map(({ key }) => Buffer.from(key).toString())).toEqual(keys)
      expect(await store.count('rows', {}, 0)).toBe(keys.length)
    }
  })()
  await until(() => rounds > 0)
  // Calls about several keys wait until all of them are in one place; those about one key do not.
  await moveSlot(cluster, `{${prefix}}`, async () => {
    for (const key of keys.slice(20, 40)) expect(await read(store, key)).toBe('before')
  })
  isMoving = false
  await load
  expect(await read(store, 'key 000')).toBe(String(rounds - 1))
})

/** Moves the slot of a key from the node that has it to another, as redis-cli does. */
async function moveSlot(
  { nodes }: RedisCluster,
  key: string,
  afterStep: () => Promise<void>,
): Promise<void> {
  const clients = await Promise.all(nodes.map(({ url }) => createClient({ url }).connect()))
  try {
    const ids = await Promise.all(clients.map((client) => client.sendCommand(['CLUSTER', 'MYID'])))
    const slot = String(await clients[0]?.sendCommand(['CLUSTER', 'KEYSLOT', key]))
    const counts = await Promise.all(
      clients.map((client) => client.sendCommand(['CLUSTER', 'COUNTKEYSINSLOT', slot])),
    )
    const from = counts.findIndex((count) => Number(count) > 0)
    const to = (from + 1) % clients.length
    const [source, target] = [clients[from], clients[to]]
    const setSlot = ['CLUSTER', 'SETSLOT', slot]
    await target?.sendCommand([...setSlot, 'IMPORTING', String(ids[from])])
    await source?.sendCommand([...setSlot, 'MIGRATING', String(ids[to])])
    for (;;) {
      const names = (await source?.sendCommand([
        'CLUSTER',
        'GETKEYSINSLOT',
        slot,
        '10',
      ])) as string[]
      if (names.length === 0) break
      const place = ['127.0.0.1', String(nodes[to]?.port), '', '0', '5000']
      await source?.sendCommand(['MIGRATE', ...place, 'KEYS', ...names])
      await afterStep()
    }
    for (const client of [target, source]) {
      await client?.sendCommand([...setSlot, 'NODE', String(ids[to])])
    }
  } finally {
    for (const client of clients) client.destroy()
  }
}
