/** How long anybody waits for a process that holds the lock of a store and does not go on. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { lmdbStore, OptionError, open, StoreBusyError } from 'persistdict'
import { describe, expect, onTestFinished, test } from 'vitest'
import { gateWords, lockedBy } from '../store/gate-by-hand.js'
import { type Child, runChild, startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

const BUSY = 'ERR_PERSISTDICT_STORE_BUSY'
const WELL = { code: 0, signal: null, stderr: '' }
/** So long that it is certain that somebody waits, and so short that the test need not. */
const LIMIT_MS = 150

function started(script: string, ...args: string[]): Child {
  const child = startChild(script, args)
  onTestFinished(() => void child.process.kill('SIGKILL'))
  return child
}

/** A process that stands still with the lock; it is stopped once it can be seen to be. */
async function stopped(script: string, place: string): Promise<Child> {
  const holder = started(script, place)
  await holder.line((line) => line === 'inside')
  const pid = String(holder.process.pid)
  await expect
    .poll(() => spawnSync('ps', ['-o', 'state=', '-p', pid], { encoding: 'utf8' }).stdout)
    .toMatch(/^T/)
  return holder
}

/** A process that uses the store step by step; see children/beside-stopped.mjs. */
async function beside(path: string, durability: string, more: object = {}) {
  const settings = { path, durability, busyTimeoutMs: LIMIT_MS, listens: true, ...more }
  const child = started('beside-stopped.mjs', JSON.stringify(settings))
  await child.line((line) => line === 'open')
  const answers: unknown[] = []
  child.process.stdout?.on('data', (text: string) => {
    for (const line of text.split('\n')) if (line.startsWith('{')) answers.push(JSON.parse(line))
  })
  return {
    ...child,
    async steps(...names: string[]) {
      answers.length = 0
      for (const name of names) child.process.stdin?.write(`${name}\n`)
      // Longer than any machine needs, and shorter than 200 waits in vain would take.
      await expect.poll(() => answers.length, { timeout: 25_000 }).toBe(names.length)
      return [...answers]
    },
  }
}

function filled(path: string): void {
  using dict = open<Record<string, unknown>>(path)
  dict.set('before', 1)
}

describe('beside a process that is stopped in a transaction', () => {
  const refused = (holder: Child, path: string) => ({
    code: BUSY,
    path,
    holder: { pid: holder.process.pid, isStopped: true },
    waited: true,
    message: expect.stringContaining(`kill -CONT ${holder.process.pid}`),
  })

  test.each(['commit', 'batched'])(
    "each call of others is done or is a StoreBusyError that names it, and all goes on when it does, durability '%s'",
    async (durability) => {
      const path = tempDirectory()
      filled(path)
      const other = await beside(path, durability)
      // The first read opens what it reads from.
      await other.steps('get')
      const holder = await stopped('stopped-holder.mjs', path)
      const no = refused(holder, path)
      const set = durability === 'commit' ? no : {}
      expect(await other.steps('get', 'set')).toEqual([{ value: 1 }, set])
      // What fails in the background is told, and tried again.
      if (durability === 'batched') expect(await other.steps('told')).toEqual([{ value: true }])
      expect(await other.steps('flush', 'transaction', 'runs', 'backup', 'compact')).toEqual([
        no,
        no,
        { value: 0 },
        no,
        no,
      ])
      // Once it was waited for; all of these would take half a minute.
      expect(await other.steps('try 200 times')).toEqual([{ value: 200 }])
      expect(await other.steps('close', 'get')).toEqual([no, { value: 1 }])
      const options = { lmdb: { busyTimeoutMs: LIMIT_MS } }
      const opening = await runChild('open-report.mjs', [
        JSON.stringify({ paths: [path], options }),
      ])
      expect(opening).toMatchObject(WELL)
      const { waited: _, holder: __, ...named } = no
      expect(JSON.parse(opening.stdout)).toMatchObject({ ...named, opened: false })

      holder.process.kill('SIGCONT')
      expect(await holder.ended).toMatchObject(WELL)
      const steps =
        durability === 'commit' ? ['set', 'transaction', 'all'] : ['flush', 'transaction', 'all']
      expect(await other.steps(...steps, 'close')).toEqual([
        {},
        { value: 1 },
        { value: { before: 1, holder: 'committed', written: true } },
        {},
      ])
      other.process.stdin?.end()
      expect(await other.ended).toMatchObject(WELL)
    },
  )

  test('several who wait go on at once when it is killed', async () => {
    const path = tempDirectory()
    filled(path)
    const others = await Promise.all(
      [1, 2, 3].map(() => beside(path, 'commit', { busyTimeoutMs: 15_000 })),
    )
    const holder = await stopped('stopped-holder.mjs', path)
    const done = Promise.all(others.map((other) => other.steps('set', 'transaction')))
    holder.process.kill('SIGKILL')
    expect(await done).toEqual(others.map(() => [{}, { value: 1 }]))
    await Promise.all(others.map((other) => other.steps('close')))
    using dict = open<Record<string, unknown>>(path)
    expect(dict.toObject()).toEqual({ before: 1, written: true })
    expect(await dict.verify()).toMatchObject({ findings: 0 })
  })

  test('process.exit() ends; whoever has something to save says what was not', async () => {
    const path = tempDirectory()
    filled(path)
    const [idle, writer] = await Promise.all([
      beside(path, 'commit'),
      beside(path, 'batched', { listens: false }),
    ])
    await stopped('stopped-holder.mjs', path)
    await writer.steps('set')
    for (const { process } of [idle, writer]) process.stdin?.write('exit\n')
    expect(await idle.ended).toMatchObject(WELL)
    const { code, stderr } = await writer.ended
    expect({ code: code === 0, stderr }).toEqual({
      code: false,
      stderr: expect.stringContaining(BUSY),
    })
  })
})

test.each([
  [
    'open()',
    'gate.mdb',
    (path: string) => ({ paths: [path], options: { lmdb: { busyTimeoutMs: LIMIT_MS } } }),
  ],
  [
    'open() by a version that knew no tickets',
    'gate.mdb',
    (path: string) => ({ paths: [path], options: { lmdb: { busyTimeoutMs: 0 } } }),
  ],
])(
  '%s beside a process that is stopped while it opens is a StoreBusyError',
  async (_, file, what) => {
    const path = tempDirectory()
    filled(path)
    const holder = await stopped('gate-holder.mjs', join(path, file))
    const refused = await runChild('open-report.mjs', [JSON.stringify(what(path))])
    expect(JSON.parse(refused.stdout)).toMatchObject({
      opened: false,
      code: BUSY,
      message: expect.stringContaining(`process ${holder.process.pid}, which is stopped`),
    })
    holder.process.kill('SIGKILL')
    using dict = open<Record<string, unknown>>(path)
    expect(dict.toObject()).toEqual({ before: 1 })
  },
)

test('set() while another thread of the process is inside is a StoreBusyError that names the process', async () => {
  const path = tempDirectory()
  using dict = open<Record<string, unknown>>(path, {
    durability: 'commit',
    lmdb: { busyTimeoutMs: LIMIT_MS },
  })
  const cells = new Int32Array(new SharedArrayBuffer(4))
  const code = `
    const { parentPort, workerData: { path, cells } } = require('node:worker_threads')
    import('persistdict').then(({ open }) => {
      const dict = open(path, { durability: 'commit' })
      dict.transaction(() => {
        dict.set('worker', 1)
        parentPort.postMessage('inside')
        Atomics.wait(cells, 0, 0)
      })
      dict.close()
    })`
  const worker = new Worker(code, { eval: true, workerData: { path, cells } })
  await once(worker, 'message')
  expect(() => dict.set('main', 1)).toThrow(StoreBusyError)
  expect(() => dict.set('main', 1)).toThrow(`by process ${process.pid} for`)
  Atomics.store(cells, 0, 1)
  Atomics.notify(cells, 0)
  await once(worker, 'exit')
  dict.set('main', 2)
  expect(dict.toObject()).toEqual({ worker: 1, main: 2 })
})

describe('what a thread left behind that went no further', () => {
  const dead = () => spawnSync('true').pid
  const ticket = (thread: number) => thread + 5 * 2 ** 22

  test.each([
    ['the ticket of a dead process', dead, 'ticket'],
    ['the ticket of a process that lives, and is somewhere else', () => process.ppid, 'ticket'],
    ['the reservation of a dead process', dead, 'reservation'],
    [
      'the reservation of a process that lives, and does not come',
      () => process.ppid,
      'reservation',
    ],
  ] as const)('%s is taken over', (_, thread, word) => {
    const path = tempDirectory()
    // Within the limit, or this is a StoreBusyError.
    using dict = open<Record<string, number>>(path, {
      durability: 'commit',
      lmdb: { busyTimeoutMs: 5_000 },
    })
    const words = gateWords(path)
    words[word] = ticket(thread())
    dict.set('a', 1)
    expect({ ...dict.object, ticket: words.ticket, reservation: words.reservation }).toEqual({
      a: 1,
      ticket: 0,
      reservation: 0,
    })
  })

  test('a ticket that others took over is not given back twice', () => {
    const path = tempDirectory()
    using dict = open<Record<string, number>>(path, { durability: 'commit' })
    const words = gateWords(path)
    dict.transaction(() => {
      expect(words.ticket % 2 ** 22).toBe(process.pid)
      expect(words.owner % 2 ** 30).toBe(process.pid)
      words.ticket = ticket(process.ppid)
    })
    expect(words.ticket).toBe(ticket(process.ppid))
  })
})

describe('busyTimeoutMs', () => {
  test('0 does not wait at all', () => {
    const path = tempDirectory()
    using dict = open<Record<string, number>>(path, {
      durability: 'commit',
      lmdb: { busyTimeoutMs: 0 },
    })
    lockedBy(process.ppid, path, () => expect(() => dict.set('a', 1)).toThrow(StoreBusyError))
    dict.set('a', 2)
    expect(dict.get('a')).toBe(2)
  })

  test('that is no time is an OptionError', () => {
    expect(() => lmdbStore(tempDirectory(), { busyTimeoutMs: -1 })).toThrow(OptionError)
    expect(() => open(tempDirectory(), { lmdb: { busyTimeoutMs: Number.NaN } })).toThrow(
      OptionError,
    )
  })
})
