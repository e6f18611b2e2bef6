/** Rows of one bucket, for tests that care about the server and not about rows. */
import { onTestFinished } from 'vitest'
import { type RedisStoreOptions, redisStore } from '../../src/redis.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { newPrefix } from './prefix.js'
import { type RedisServer, startRedis } from './server.js'

const BUCKET = 'rows'

/** A server of the running test. */
export async function ownServer(...settings: string[]): Promise<RedisServer> {
  const server = await startRedis(settings)
  onTestFinished(() => server.stop())
  return server
}

/** A store of the running test, under a prefix of its own. */
export function storeOn(url: string, options: Partial<RedisStoreOptions> = {}): AsyncStore {
  const store = redisStore({ url, prefix: newPrefix(), ...options })
  onTestFinished(() => store.close())
  return store
}

export function put(
  store: AsyncStore,
  key: string,
  value: string | Uint8Array,
  deadline = 0,
): Promise<boolean> {
  const record = Buffer.from(value)
  return store.commit({
    promise: 'committed',
    checks: [],
    operations: [{ kind: 'put', bucket: BUCKET, key: Buffer.from(key), record, deadline }],
  })
}

export function remove(store: AsyncStore, key: string): Promise<boolean> {
  const operation = { kind: 'delete', bucket: BUCKET, key: Buffer.from(key) } as const
  return store.commit({ promise: 'committed', checks: [], operations: [operation] })
}

export async function read(store: AsyncStore, key: string): Promise<string | undefined> {
  const record = await store.get(BUCKET, Buffer.from(key))
  return record && Buffer.from(record).toString()
}

/**
 * Puts a row, again and again until it is done: to connect may take longer than a short timeout, on a busy
 * machine.
 */
export async function putAtLast(store: AsyncStore, key: string, value: string): Promise<void> {
  await until(() =>
    put(store, key, value).then(
      () => true,
      () => false,
    ),
  )
}

/** Waits for a condition, looking again and again; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
