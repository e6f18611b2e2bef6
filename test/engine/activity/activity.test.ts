/** activity(): what processes tell of themselves, while somebody asks. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { aesGcm } from '../../../src/codec/cipher/aes-gcm.js'
import type { Activity } from '../../../src/engine/activity/activity.js'
import { HotKeys } from '../../../src/engine/activity/hot-keys.js'
import { open } from '../../../src/open/open.js'
import { openAsync } from '../../../src/open/open-async.js'
import { lmdbStore } from '../../../src/store/lmdb/open-lmdb.js'
import { redisStore } from '../../../src/store/redis/open-redis.js'
import { asOtherProcess } from '../../other-process.js'
import { newPrefix } from '../../redis/prefix.js'
import { redisUrl } from '../../redis/redis-url.js'

function freshStore() {
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-activity-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return lmdbStore(join(folder, 'store'))
}

/** Asks until the answer is as wanted. */
async function asked(ask: () => Activity, isWanted: (activity: Activity) => boolean) {
  for (;;) {
    const activity = ask()
    if (isWanted(activity)) return activity
    await pause(20)
  }
}

describe.each(['plain', 'sealed'])('activity() of a %s store', (kind) => {
  const cipher = kind === 'sealed' ? aesGcm({ keys: [Buffer.alloc(32, 7)] }) : undefined

  test('nobody writes unless asked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const store = freshStore()
    const worker = open<Record<string, number>>(store, { cipher })
    const fresh = store.changeId()
    // Not even what they look into is made by those who look.
    expect([worker.get('hot'), worker.size, [...worker.keys()]]).toEqual([undefined, 0, []])
    vi.advanceTimersByTime(10_000)
    expect(store.changeId()).toBe(fresh)
    worker.set('hot', 1).flushSync()
    worker.get('hot')
    const quiet = store.changeId()
    vi.advanceTimersByTime(60_000)
    expect(store.changeId()).toBe(quiet)
    worker.set('hot', 2).flushSync()
    expect(store.changeId()).toBeGreaterThan(quiet)
    worker.close()
  })

  test('tells who reads what, and who holds a lock', async () => {
    const store = freshStore()
    const worker = open<Record<string, number>>(asOtherProcess(store), { cipher })
    const viewer = open<Record<string, number>>(store, { cipher, background: 'disabled' })
    worker.set('hot', 1)
    worker.namespace('inner').set('warm', 2)
    worker.flushSync()
    await worker.flush()
    worker.get('hot')
    const lock = await worker.lock('job')
    const reading = setInterval(() => {
      for (let at = 0; at < 10; at++) worker.get('hot')
      worker.namespace('inner').get('warm')
    }, 5)
    const isReading = ({ processes = [] }: Activity) => (processes[0]?.hottest.length ?? 0) === 2
    const { processes, leases } = await asked(() => viewer.activity(), isReading)
    clearInterval(reading)
    expect(processes).toHaveLength(1)
    expect(processes?.[0]).toMatchObject({ pid: process.pid, thread: 0, isSweeping: false })
    expect(processes?.[0]?.hits).toBeGreaterThan(0)
    expect(processes?.[0]?.hottest.map(({ namespace, key }) => [...namespace, key]).sort()).toEqual(
      [['hot'], ['inner', 'warm']],
    )
    expect(leases).toMatchObject([{ owner: { pid: process.pid }, life: 'alive', waiters: 0 }])
    expect(leases[0]?.name).toMatch(/^[0-9a-f]{12}$/)

    await lock.release()
    worker.close()
    expect(viewer.activity()).toEqual({ processes: [], leases: [] })
    viewer.close()
  })
})

const servers = {
  plain: {},
  sealed: { cipher: aesGcm({ keys: [Buffer.alloc(32, 7)] }) },
} as const

describe.each(Object.entries(servers))('activity() over a %s server', (_, options) => {
  const opened = async (url: string, prefix: string, more: object = {}) => {
    const store = redisStore({ url, prefix })
    const dict = await openAsync<Record<string, number>>({ store, ...options, ...more })
    onTestFinished(() => dict.close())
    return dict
  }

  test('tells who reads what, and who holds a lock; the report goes with who made it', async () => {
    const prefix = newPrefix()
    const worker = await opened(redisUrl(), prefix)
    // By another name it is another store, as in another process.
    const elsewhere = redisUrl().replace('127.0.0.1', 'localhost')
    const viewer = await opened(elsewhere, prefix, { background: 'disabled' })
    await worker.set('hot', 1)
    const lock = await worker.lock('job')
    const reading = setInterval(() => void worker.get('hot'), 5)
    let activity = await viewer.activity()
    while ((activity.processes[0]?.hottest.length ?? 0) === 0) {
      await pause(20)
      activity = await viewer.activity()
    }
    expect(activity.processes).toHaveLength(1)
    expect(activity.processes[0]).toMatchObject({ pid: process.pid, thread: 0, isSweeping: false })
    expect(activity.processes[0]?.hits).toBeGreaterThan(0)
    expect(activity.processes[0]?.hottest).toMatchObject([{ namespace: [], key: 'hot' }])
    expect(activity.leases).toMatchObject([{ owner: { pid: process.pid }, life: 'alive' }])
    clearInterval(reading)
    await lock.release()
    await worker.close()
    expect(await viewer.activity()).toMatchObject({ processes: [], leases: [{ owner: undefined }] })
  })
})

test('activity() over a server: nobody asks the server for nothing', async () => {
  const prefix = newPrefix()
  const store = redisStore({ url: redisUrl(), prefix })
  const dict = await openAsync({ store })
  onTestFinished(() => dict.close())
  const viewer = createClient({ url: redisUrl() })
  await viewer.connect()
  onTestFinished(() => viewer.destroy())
  const lookedAt: string[] = []
  await viewer.monitor((line) => {
    if (String(line).includes(prefix)) lookedAt.push(String(line))
  })
  // The first look comes about a second after the store was opened; a busy machine has it come later.
  for (let windows = 0; windows < 5; windows++) {
    lookedAt.length = 0
    await pause(2_300)
    if (lookedAt.length === 0) break
  }
  expect(lookedAt).toEqual([])
})

describe('HotKeys', () => {
  test('never leaves out a key that is much of all, however many there are', () => {
    const keys = new HotKeys<number>()
    for (let at = 0; at < 200_000; at++) {
      keys.count(`rare ${at}`, at)
      if (at % 100 === 0) keys.count('hot', -1)
    }
    expect(keys.hottest(1)[0]?.item).toBe(-1)
  })

  test('lets what was long ago count less', () => {
    const keys = new HotKeys<string>()
    for (let at = 0; at < 100; at++) keys.count('old', 'old')
    for (let at = 0; at < 4; at++) keys.fade()
    for (let at = 0; at < 10; at++) keys.count('new', 'new')
    expect(keys.hottest(2).map(({ item, count }) => [item, count])).toEqual([
      ['new', 10],
      ['old', 6],
    ])
    for (let at = 0; at < 5; at++) keys.fade()
    expect(keys.hottest(2)).toEqual([])
  })
})
