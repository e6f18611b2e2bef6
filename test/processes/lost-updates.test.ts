/** Read-modify-write by several processes at once loses nothing, on every store that they can share. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { lmdbStore, open, openAsync } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { redisStore } from 'persistdict/redis'
import { sqliteStore } from 'persistdict/sqlite'
import type { SyncStore } from 'persistdict/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'
import { type Child, startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

/** The others count on a lock of the kernel; SQLite's waiting is ours. */
const PROCESSES = { lmdb: 4, sqlite: 8, file: 8 }
/** For a process that takes part in all contests. */
const DEADLINE_MS = 600_000

interface Contest {
  /** A name in children/stores.mjs. */
  readonly store: string
  readonly processes: number
  readonly rounds: number
  /** A fresh place for the store, as children are told of it. */
  place(): string
  /** What an uninvolved dict finds. */
  look(place: string): Promise<ReadonlyMap<string, unknown>>
}

/** What one process did; see children/contender.mjs. */
interface Done {
  readonly increments: number
  readonly updates: number
  readonly swaps: number
  readonly moved: number
  readonly inserted: readonly string[]
}

function contest(
  kind: keyof typeof PROCESSES,
  durability: string,
  rounds: number,
  store: (place: string) => SyncStore,
): Contest {
  return {
    store: `${kind}, ${durability}`,
    processes: PROCESSES[kind],
    rounds,
    place: () => join(tempDirectory(), 'dict'),
    async look(place) {
      using dict = open(store(place))
      return new Map(dict.entries())
    },
  }
}

/** Over asynchronous stores; the place is the server's address, a prefix, and a directory. */
function remoteContest(store: 'redis' | 'tiered', rounds: number): Contest {
  return {
    store,
    processes: 4,
    rounds,
    place: () => `${redisUrl()} ${newPrefix()} ${tempDirectory()}`,
    async look(place) {
      const [url = '', prefix = ''] = place.split(' ')
      const dict = await openAsync<Record<string, unknown>>(redisStore({ url, prefix }))
      try {
        const found = new Map<string, unknown>()
        for await (const [key, value] of dict.entries()) found.set(key, value)
        return found
      } finally {
        await dict.close()
      }
    },
  }
}

const CONTESTS: readonly Contest[] = [
  contest('lmdb', 'commit', 300, lmdbStore),
  contest('lmdb', 'asked', 100, lmdbStore),
  contest('lmdb', 'batched', 30, lmdbStore),
  contest('lmdb', 'sync', 25, lmdbStore),
  contest('sqlite', 'commit', 40, sqliteStore),
  contest('sqlite', 'batched', 5, sqliteStore),
  contest('file', 'commit', 10, fileStore),
  contest('file', 'batched', 2, fileStore),
  remoteContest('redis', 15),
  remoteContest('tiered', 20),
]

/** The same processes for all contests: starting them takes longer than most. */
let team: Child[]
beforeAll(() => {
  const largest = Math.max(...CONTESTS.map(({ processes }) => processes))
  team = Array.from({ length: largest }, (_, name) =>
    startChild('contender.mjs', [String(name)], { deadlineMs: DEADLINE_MS }),
  )
})
afterAll(async () => {
  for (const { process } of team) process.stdin?.end()
  for (const { ended } of team) {
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  }
})

describe.each(CONTESTS)('on $store', ({ store, processes, rounds, place, look }) => {
  test('increment(), update(), compareAndSet(), getOrInsert() and transaction() lose nothing', async () => {
    const shared = place()
    const id = randomUUID()
    const children = team.slice(0, processes)
    const say = (text: string) => {
      for (const child of children) child.process.stdin?.write(`${text}\n`)
    }
    say(JSON.stringify({ id, store, place: shared, rounds }))
    await Promise.all(children.map((child) => child.line((line) => line === `ready ${id}`)))
    say('go')
    const ends = await Promise.all(
      children.map((child) => child.line((line) => line.startsWith(`done ${id}`))),
    )
    const all = ends.map((line) => JSON.parse(line.slice(`done ${id}`.length)) as Done)
    const total = (of: (done: Done) => number) => all.reduce((sum, done) => sum + of(done), 0)

    const found = await look(shared)
    expect(found.get('sum')).toBe(total((done) => done.increments))
    const list = found.get('list') as string[]
    expect(list).toHaveLength(total((done) => done.updates))
    expect(new Set(list).size).toBe(list.length)
    expect(found.get('swapped')).toBe(total((done) => done.swaps))
    const moved = total((done) => done.moved)
    expect([found.get('from') ?? 0, found.get('to') ?? 0]).toEqual([0 - moved, moved])
    for (let round = 0; round < rounds; round++) {
      const winners = new Set(all.map(({ inserted }) => inserted[round]))
      expect([...winners], `of round ${round}`).toEqual([found.get(`first ${round}`)])
    }
  })
})
