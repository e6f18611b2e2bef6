/** Who has a store open, and what is made of those that died. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DamagedStoreError } from '../../src/errors/open-errors.js'
import { open } from '../../src/open/open.js'
import { processIdentity } from '../../src/process-identity.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { type Child, runChild, startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'

const HOLD = fileURLToPath(new URL('../processes/children/hold-open.mjs', import.meta.url))
/** A storage key begins with one byte that is not of the key. */
const TAG_BYTES = 1
const owners = (path: string) => readdirSync(join(path, 'owners'))

/** A process that has the dict open, in a pid namespace of its own, in which it is number 1. */
async function contained(path: string): Promise<{ said: string; child: ChildProcess }> {
  const args = ['--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, HOLD, path]
  const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = await once(createInterface(child.stdout), 'line')
  return { said, child }
}

async function holder(path: string) {
  const child = startChild('hold-open.mjs', [path])
  onTestFinished(() => void child.process.kill('SIGKILL'))
  await child.line((line) => line.startsWith('open'))
  return child
}

async function killed(path: string): Promise<void> {
  const ended = await runChild('hold-open.mjs', [path, 'die'])
  expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
}

// Skipped where this user may not make a pid namespace.
describe.skipIf(spawnSync('unshare', ['--pid', '--fork', 'true']).status !== 0)(
  'two containers with one directory',
  () => {
    test('open() is a PidCollisionError while a process with the same pid has it open in another container', async () => {
      const path = tempDirectory()
      const first = await contained(path)
      expect(first.said).toBe('open 1 1')
      expect((await contained(path)).said).toBe('ERR_PERSISTDICT_PID_COLLISION')
      // The first one never noticed, and others may come.
      const store = lmdbStore(path)
      expect(store.get('rows', Buffer.from('\x01opened by'))).toBeDefined()
      store.close()
    })

    test('open() goes on where the process with the same pid was killed with its container', async () => {
      const path = tempDirectory()
      const first = await contained(path)
      const [inside] = fileOf(Number(first.child.pid), `task/${first.child.pid}/children`).split(
        ' ',
      )
      first.child.kill('SIGKILL')
      await once(first.child, 'exit')
      // Whoever was inside dies of that, a little later.
      await expect.poll(() => stateOf(Number(inside))).toBeOneOf([undefined, 'Z', 'X'])
      const second = await contained(path)
      expect(second.said).toBe('open 1 1')
      expect(owners(path)).toHaveLength(1)
      second.child.stdin?.end()
      await once(second.child, 'exit')
      expect(owners(path)).toEqual([])
    })
  },
)

describe('the records of owners', () => {
  test('close() removes what open() recorded, in each thread', async () => {
    const path = tempDirectory()
    const store = lmdbStore(path)
    const again = lmdbStore(path)
    const worker = new Worker(
      `import('persistdict').then(({ open }) => {
         const { parentPort, workerData } = require('node:worker_threads')
         const dict = open(workerData)
         parentPort.postMessage('open')
         parentPort.once('message', () => dict.close())
       })`,
      { eval: true, workerData: path },
    )
    await once(worker, 'message')
    const records = owners(path).map((name) =>
      JSON.parse(readFileSync(join(path, 'owners', name), 'utf8')),
    )
    expect(records).toHaveLength(2)
    for (const record of records) expect(record).toMatchObject(processIdentity())
    expect(new Set(records.map(({ thread }) => thread)).size).toBe(2)
    worker.postMessage('close')
    await once(worker, 'exit')
    expect(owners(path)).toHaveLength(1)
    store.close()
    expect(owners(path)).toHaveLength(1)
    again.close()
    expect(owners(path)).toEqual([])
  })

  test('open() and close() remove what a killed process left, and not what a living one has', async () => {
    const path = tempDirectory()
    await killed(path)
    const living = await holder(path)
    lmdbStore(path).close()
    expect(owners(path)).toHaveLength(1)
    living.process.stdin?.end()
    expect(await living.ended).toMatchObject({ code: 0, stderr: '' })
    expect(owners(path)).toEqual([])
  })

  test('open() removes a record that a crash of the system has cut off', () => {
    const path = tempDirectory()
    mkdirSync(join(path, 'owners'))
    for (const [at, text] of ['', '{"pid":1', 'null'].entries()) {
      writeFileSync(join(path, 'owners', `${at}.json`), text)
    }
    lmdbStore(path).close()
    expect(owners(path)).toEqual([])
  })
})

describe('processes that die soon after they open', () => {
  test('open() after three that died looks with a fourth, and forgets them if that lives', async () => {
    const path = tempDirectory()
    for (let count = 1; count <= 3; count++) {
      await killed(path)
      expect(owners(path)).toHaveLength(count)
    }
    const store = lmdbStore(path)
    expect(owners(path)).toHaveLength(1)
    store.close()
  })

  test('open() after three that died is a DamagedStoreError if the one that is sent to look dies, too', async () => {
    const path = tempDirectory()
    {
      using dict = open(path)
      // More pages than are looked at before the file is mapped; the last ones are bad.
      const text = 't'.repeat(150)
      dict.setMany(Array.from({ length: 30_000 }, (_, at) => [`key ${at}`, text] as const))
      dict.set('zzz last', 'v'.repeat(10_000))
    }
    for (let count = 1; count <= 3; count++) await killed(path)
    const file = join(path, 'g1', 'data.mdb')
    const bytes = readFileSync(file)
    let patched = 0
    for (let at = bytes.indexOf('zzz last'); at !== -1; at = bytes.indexOf('zzz last', at + 1)) {
      // The upper half of the value's length, in its node: it ends far behind the end of the file.
      bytes.writeUInt16LE(0x0fff, at - TAG_BYTES - 8 + 2)
      patched++
    }
    expect(patched).toBeGreaterThan(0)
    writeFileSync(file, bytes)
    expect(() => open(path)).toThrow(DamagedStoreError)
    expect(() => open(path)).toThrow(/last 3 processes .* died at once, and so did one .*SIGBUS/)
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })

  test('set() of others goes on while a process that opens has sent one to look', async () => {
    const path = tempDirectory()
    using dict = open(path, { durability: 'commit' })
    for (let round = 0; ; round++) {
      for (let count = 1; count <= 3; count++) await killed(path)
      const opener = startChild('hold-open.mjs', [path])
      onTestFinished(() => void opener.process.kill('SIGKILL'))
      const probe = await stoppedProbeOf(opener)
      // Inside the gate it would hold everybody up for as long as it is stopped. Another one, then.
      const isEarly = probe !== undefined && !fileOf(probe, 'maps').includes('gate.mdb')
      if (isEarly || round === 20) dict.set('meanwhile', round)
      const state = probe && stateOf(probe)
      if (probe !== undefined) process.kill(probe, 'SIGCONT')
      await opener.line((line) => line.startsWith('open'))
      opener.process.stdin?.end()
      await opener.ended
      if (!isEarly) continue
      expect(state).toBe('T')
      expect(dict.get('meanwhile')).toBe(round)
      return
    }
  })
})

/**
 * The process that a process has sent to look, stopped as soon as there is one; undefined if it came and
 * went before anybody saw it.
 */
async function stoppedProbeOf({ process: { pid }, line }: Child): Promise<number | undefined> {
  let isOpen = false
  void line((text) => text.startsWith('open')).then(() => {
    isOpen = true
  })
  while (!isOpen) {
    const probe = Number(fileOf(Number(pid), `task/${pid}/children`).split(' ')[0])
    // Before it has become another program it is a copy of the one that sent it.
    if (probe > 0 && fileOf(probe, 'cmdline').includes('gate.mdb')) {
      try {
        process.kill(probe, 'SIGSTOP')
      } catch {
        return undefined
      }
      // On a busy machine that takes a moment. One that had ended is a zombie, or gone.
      while (!['T', 'Z', 'X', undefined].includes(stateOf(probe))) await new Promise(setImmediate)
      return stateOf(probe) === 'T' ? probe : undefined
    }
    await new Promise(setImmediate)
  }
  return undefined
}

function stateOf(pid: number): string | undefined {
  return fileOf(pid, 'stat').split(') ')[1]?.[0]
}

/** What the system tells of a process: nothing, if there is none any more. */
function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
