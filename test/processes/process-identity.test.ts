import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lifeOf, type ProcessIdentity, processIdentity } from '../../src/process-identity.js'
import { startChild } from './child.js'

const UNKNOWN_SYSTEM = { startTime: 'unknown', bootId: 'unknown', pidNamespace: 'unknown' }
const IDENTITY = fileURLToPath(new URL('./children/identity.mjs', import.meta.url))

async function startIdentity() {
  const child = startChild('identity.mjs')
  onTestFinished(() => void child.process.kill('SIGKILL'))
  const identity = JSON.parse(await child.line(() => true)) as ProcessIdentity
  return { child, identity }
}

describe('processIdentity()', () => {
  test('processIdentity() is the same in a worker thread and another in another process', async () => {
    const worker = new Worker(
      `const { readFileSync } = require('node:fs')
       const stat = readFileSync('/proc/self/stat', 'latin1')
       require('node:worker_threads').parentPort.postMessage(stat.split(') ')[1].split(' ')[19])`,
      { eval: true },
    )
    const [startTime] = await once(worker, 'message')
    expect(processIdentity().startTime).toBe(startTime)
    const { identity } = await startIdentity()
    const { bootId, pidNamespace, host } = processIdentity()
    expect(identity).toMatchObject({ bootId, pidNamespace, host })
    expect(identity.pid).not.toBe(processIdentity().pid)
  })

  test('processIdentity() knows everything on Linux', () => {
    expect(Object.values(processIdentity())).not.toContain('unknown')
  })
})

describe('lifeOf()', () => {
  test('lifeOf() this process is alive', () => {
    expect(lifeOf(processIdentity())).toBe('alive')
  })

  test('lifeOf() a child is alive until it was killed, a stopped one too', async () => {
    const { child, identity } = await startIdentity()
    expect(lifeOf(identity)).toBe('alive')
    child.process.kill('SIGSTOP')
    expect(lifeOf(identity)).toBe('alive')
    child.process.kill('SIGKILL')
    await child.ended
    expect(lifeOf(identity)).toBe('dead')
  })

  test('lifeOf() a process whose pid another has now is dead', async () => {
    const { identity } = await startIdentity()
    expect(lifeOf({ ...identity, startTime: String(Number(identity.startTime) - 1) })).toBe('dead')
  })

  test('lifeOf() a zombie is dead', async () => {
    // sleep does not wait for the child that it inherits.
    const parent = spawn('sh', ['-c', 'cat <&3 & echo $!; exec sleep 60 3<&-'], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    })
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [text] = await once(parent.stdout as Readable, 'data')
    const pid = Number(text)
    const isSleeping = () => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n'
    await expect.poll(isSleeping).toBe(true)
    process.kill(pid, 'SIGKILL')
    const fields = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')
    await expect.poll(() => fields()?.[0]).toBe('Z')
    const startTime = fields()?.[19] as string
    expect(lifeOf({ ...processIdentity(), pid, startTime })).toBe('dead')
  })

  test('lifeOf() a process before the last boot is dead, whoever has its pid now', () => {
    expect(lifeOf({ ...processIdentity(), bootId: 'another' })).toBe('dead')
  })

  test('lifeOf() a process of another machine is unknown', () => {
    expect(lifeOf({ ...processIdentity(), bootId: 'another', host: 'elsewhere' })).toBe('unknown')
  })

  test.skipIf(spawnSync('unshare', ['--pid', '--fork', 'true']).status !== 0)(
    // Skipped where this user may not make a pid namespace.
    'lifeOf() a process in another pid namespace is unknown, though its pid exists here',
    () => {
      const { stdout } = spawnSync(
        'unshare',
        ['--pid', '--fork', '--mount-proc', process.execPath, IDENTITY],
        { encoding: 'utf8', input: '' },
      )
      const identity = JSON.parse(stdout) as ProcessIdentity
      expect(identity.pid).toBe(1)
      expect(lifeOf(identity)).toBe('unknown')
      expect(lifeOf({ ...identity, pid: 2 ** 22 + 1 })).toBe('unknown')
    },
  )

  test('lifeOf() on a system that does not tell is dead only if nobody has the pid', async () => {
    const here = { ...processIdentity(), ...UNKNOWN_SYSTEM }
    const { child, identity } = await startIdentity()
    const there = { ...identity, ...UNKNOWN_SYSTEM }
    expect(lifeOf(there, here)).toBe('unknown')
    child.process.kill('SIGKILL')
    await child.ended
    expect(lifeOf(there, here)).toBe('dead')
    expect(lifeOf({ ...there, host: 'elsewhere' }, here)).toBe('unknown')
  })

  test.each([0, -1, 1.5, Number.NaN])('lifeOf() pid %s is unknown', (pid) => {
    expect(lifeOf({ ...processIdentity(), pid })).toBe('unknown')
    expect(lifeOf({ ...processIdentity(), ...UNKNOWN_SYSTEM, pid })).toBe('unknown')
  })
})
