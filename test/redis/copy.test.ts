/** copy() between stores of every kind, and one that was killed in its middle. */
import { expect, onTestFinished, test } from 'vitest'
import { fileStore } from '../../src/file.js'
import { type AsyncPersistDict, copy, lmdbStore, openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { sqliteStore } from '../../src/sqlite.js'
import { memoryStore } from '../../src/store/memory.js'
import { tiered } from '../../src/tiered.js'
import { FakeClock } from '../fake-clock.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { sharedCluster } from './shared-cluster.js'

const ENTRIES = 60

const redis = (parts = 1) => redisStore({ url: redisUrl(), prefix: newPrefix(), parts })

/** Where a dict can be; copied from each to the next. */
const STORES = {
  LMDB: () => lmdbStore(tempDirectory()),
  Redis: () => redis(),
  SQLite: () => sqliteStore(`${tempDirectory()}/data.db`),
  'Redis in parts': () => redis(3),
  'memory before Redis': () => tiered({ near: memoryStore(), far: redis() }),
  file: () => fileStore(`${tempDirectory()}/entries`),
  'LMDB before Redis, behind': () =>
    tiered({ near: lmdbStore(tempDirectory()), far: redis(), write: 'behind' }),
  'Redis Cluster': async () =>
    redisStore({ cluster: { rootNodes: (await sharedCluster()).rootNodes }, prefix: newPrefix() }),
  memory: () => memoryStore(),
}

/** In another order than that of their keys. */
const PAIRS = Array.from({ length: ENTRIES }, (_, at) => [`key ${(at * 7) % ENTRIES}`, at] as const)

/** All that a copy keeps, in insertion order. */
async function kept(dict: AsyncPersistDict): Promise<unknown> {
  const found: unknown[] = []
  for (const inner of [dict, dict.namespace('..').namespace('*')]) {
    for await (const key of inner.keys({ order: 'insertion' })) {
      const { value, expiresAt, tags, createdAt, updatedAt } = (await inner.getEntry(key)) ?? {}
      found.push([inner.path, key, value, expiresAt, tags, createdAt, updatedAt])
    }
  }
  return found
}

test('copy() through a chain of all stores brings values, deadlines, tags, times, order and namespaces', async () => {
  // Some days ago.
  const first = await openAsync({ store: memoryStore(), clock: new FakeClock() })
  const soon = Date.now() + 86_400_000
  const keys = ['z', '..', '*', 'a:b', '\0', '', 'x'.repeat(2_000), 'a']
  for (const key of keys) await first.set(key, new Map([[key, new Date(0)]]), { tags: ['t', key] })
  await first.setMany(PAIRS)
  await first.namespace('..').namespace('*').set('in', 1n, { expiresAt: soon })
  const wanted = await kept(first)
  const count = keys.length + ENTRIES + 1
  let from = first
  for (const [name, make] of Object.entries(STORES)) {
    const to = await openAsync({ store: await make() })
    const report = await copy(from, to)
    expect(report, name).toEqual({ copied: count, skipped: 0, namespaces: 2 })
    expect(await kept(to), name).toEqual(wanted)
    await from.close()
    from = to
  }
  await from.close()
})

test.each([
  ['lmdb, commit', 'redis'],
  ['redis', 'sqlite, commit'],
])(
  'copy() from %s to %s that was killed in its middle goes on where it stopped',
  async (...stores) => {
    const [from, to] = stores.map((store) => ({
      store,
      place: store === 'redis' ? `${redisUrl()} ${newPrefix()}` : `${tempDirectory()}/dict`,
    })) as [{ store: string; place: string }, { store: string; place: string }]
    const source = await openedAt(from)
    await source.setMany(PAIRS)
    await source.close()
    const child = startChild('copier.mjs', [JSON.stringify(from), JSON.stringify(to)])
    await child.line((line) => line === 'ready')
    child.process.stdin?.write('go\ngo\n')
    await child.line((line) => line === '40')
    child.process.kill('SIGKILL')
    expect((await child.ended).stdout).not.toContain('done')
    const [again, target] = [await openedAt(from), await openedAt(to)]
    expect(await target.size()).toBe(40)
    expect(await copy(again, target)).toMatchObject({ copied: ENTRIES - 40, skipped: 40 })
    expect(await kept(target)).toEqual(await kept(again))
  },
)

async function openedAt({ store, place }: { store: string; place: string }) {
  const [url = '', prefix = ''] = place.split(' ')
  const made = store.startsWith('lmdb') ? lmdbStore : sqliteStore
  const dict = await openAsync({
    store: store === 'redis' ? redisStore({ url, prefix }) : made(place),
    ...(store === 'redis' ? {} : { durability: 'commit' as const }),
  })
  onTestFinished(() => dict.close())
  return dict
}
