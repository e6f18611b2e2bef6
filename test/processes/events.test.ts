/** Which process hears of what. */
import { afterEach, expect, test } from 'vitest'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { type Child, runChild, startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

const children: Child[] = []

function start(directory: string, role: string): Child {
  const child = startChild('events.mjs', [directory, role])
  children.push(child)
  return child
}

/** Ends a child by ending its input; what it has said, line by line. */
async function said(child: Child): Promise<string[]> {
  child.process.stdin?.end()
  const { stdout, stderr } = await child.ended
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

afterEach(() => {
  for (const { process: child } of children.splice(0)) child.kill('SIGKILL')
})

test('each expiry is told exactly once, whichever of three processes removes the entry', async () => {
  const directory = tempDirectory()
  const listeners = [start(directory, 'listen'), start(directory, 'listen')]
  await Promise.all(listeners.map((child) => child.line((line) => line === 'ready')))
  // Whoever removes it tells its own listeners: so each of those who remove listens, and this process does neither.
  const writer = start(directory, 'both')
  await writer.line((line) => line === 'ready')
  using dict = open(directory, { background: 'disabled' })
  await expect.poll(() => dict.stats().engine.lastTransactionId).toBeGreaterThan(3)
  const store = lmdbStore(directory)
  await expect.poll(() => store.scan('rows', {}, 200)).toHaveLength(1)
  store.close()
  const lines = (await Promise.all([...listeners, writer].map(said))).flat()
  const expired = lines.filter((line) => line.startsWith('expire')).sort()
  const wanted = Array.from({ length: 100 }, (_, n) => `expire k${n} ${n}`).sort()
  expect(expired).toEqual(wanted)
})

test('onExpire is called in the process that set it, with the value, when another process removed the entry', async () => {
  const directory = tempDirectory()
  const writer = start(directory, 'write')
  await writer.line((line) => line === 'ready')
  using dict = open(directory, { durability: 'commit' })
  // Due now, and gone before the writer can find out: this process comes upon the row at once.
  dict.transaction(() => {
    dict.expire('own', 1)
  })
  await expect.poll(() => dict.has('own')).toBe(false)
  dict.sweep()
  expect(await writer.line((line) => line.startsWith('own'))).toBe('own own 1')
})

test('watch() tells of what any process commits', async () => {
  const directory = tempDirectory()
  const watchers = [start(directory, 'watch'), start(directory, 'watch')]
  await Promise.all(watchers.map((child) => child.line((line) => line === 'ready')))
  using dict = open<Record<string, unknown>>(directory, { durability: 'commit' })
  dict.set('a', { n: 1 })
  await Promise.all(watchers.map((child) => child.line((line) => line === 'set a {"n":1}')))
  dict.delete('a')
  await Promise.all(watchers.map((child) => child.line((line) => line === 'delete a {"n":1}')))
})

test('a sweeper that is killed is replaced, and all that was due goes', async () => {
  const directory = tempDirectory()
  await runChild('events.mjs', [directory, 'due'])
  const sweeper = start(directory, 'sweep')
  expect(await sweeper.ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
  const store = lmdbStore(directory)
  // In the middle of it: some is left, and so is the lease.
  expect([store.scan('rows', {}, 1), store.scan('leases', {}, 1)]).toMatchObject([[{}], [{}]])
  using dict = open(directory)
  await expect.poll(() => store.scan('rows', {}, 1)).toEqual([])
  expect(dict.size).toBe(0)
  expect(
    JSON.parse(Buffer.from(store.scan('counts', {}, 1)[0]?.record ?? []).toString()),
  ).toMatchObject({ count: 0 })
  store.close()
})
