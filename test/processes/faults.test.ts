/** What may happen to the files and processes of a store while it is open. More in bad-input.test.ts. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, PathError, StoreError } from 'persistdict'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Child, runChild, startChild } from './child.js'
import { commonDirectory, tempDirectory } from './temp-directory.js'

function started(script: string, ...args: string[]): Child {
  const child = startChild(script, args)
  onTestFinished(() => void child.process.kill('SIGKILL'))
  return child
}

const WELL = { code: 0, signal: null, stderr: '' }

describe('a process that is stopped in the middle of a transaction', () => {
  async function stopped(path: string) {
    const holder = started('stopped-holder.mjs', path)
    await holder.line((line) => line === 'inside')
    await expect
      .poll(() =>
        execFileSync('ps', ['-o', 'state=', '-p', `${holder.process.pid}`], { encoding: 'utf8' }),
      )
      .toMatch(/^T/)
    return holder
  }

  test.each(['continued', 'killed'] as const)(
    'get() of others goes on; their set() waits, and is done when it is %s',
    async (end) => {
      const path = tempDirectory()
      using dict = open<Record<string, unknown>>(path, { durability: 'commit' })
      dict.set('before', 1)
      // It is open when the holder stops: opening would wait, too.
      const holder = await stopped(path)
      dict.clearCache()
      expect([dict.get('before'), dict.get('holder'), [...dict.keys()]]).toEqual([
        1,
        undefined,
        ['before'],
      ])
      const writer = started('set-once.mjs', path, 'writer', 'done')
      holder.process.kill(end === 'killed' ? 'SIGKILL' : 'SIGCONT')
      expect(await writer.ended).toMatchObject(WELL)
      await holder.ended
      expect(dict.get('writer')).toBe('done')
      expect(dict.get('holder')).toBe(end === 'killed' ? undefined : 'committed')
      expect(await dict.verify()).toMatchObject({ findings: 0 })
    },
  )
})

describe('lock files that are removed while a dict is open', () => {
  test.each(['g1/lock.mdb', 'gate.mdb-lock', 'gate.mdb'])(
    'open() by others is a PathError that names %s and the process, until that has closed; nothing is lost',
    async (file) => {
      const path = tempDirectory()
      const dict = open<Record<string, unknown>>(path)
      dict.set('before', 1)
      dict.flushSync()
      rmSync(join(path, file))
      const refused = await runChild('open-report.mjs', [JSON.stringify({ paths: [path] })])
      expect(refused).toMatchObject(WELL)
      const report = JSON.parse(refused.stdout)
      expect(report).toMatchObject({ opened: false, code: 'ERR_PERSISTDICT_PATH' })
      expect(report.message).toContain(join(path, file))
      expect(report.message).toContain(`process ${process.pid}`)
      expect(existsSync(join(path, file))).toBe(false)
      dict.set('after', 2)
      dict.flushSync()
      expect([dict.get('before'), dict.get('after')]).toEqual([1, 2])
      dict.close()
      using again = open<Record<string, unknown>>(path)
      expect(again.toObject()).toEqual({ before: 1, after: 2 })
      expect(await again.verify()).toMatchObject({ findings: 0 })
    },
  )
})

test.each(['batched', 'commit', 'sync'])(
  "set() after all permissions were taken away works or is a typed error that says so, durability '%s'",
  async (durability) => {
    const ended = await runChild('permissions.mjs', [commonDirectory(), durability])
    expect(ended).toMatchObject({ ...WELL, stdout: 'done\n' })
  },
)

test('open() on a read-only file system is a PathError that says so, of a new dict and of an old one', async () => {
  const disk = tempDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'pipe' })
  } catch (error) {
    throw new Error(
      `This test needs a disk of its own: run it as root in a container that may mount tmpfs (docker run --cap-add SYS_ADMIN). ${error}`,
    )
  }
  onTestFinished(() => void execFileSync('umount', ['-l', disk]))
  const path = join(disk, 'dict')
  {
    using dict = open(path)
    dict.set('before', 1)
  }
  execFileSync('mount', ['-o', 'remount,ro', disk])
  for (const place of [path, join(disk, 'new')]) {
    expect(() => open(place)).toThrow(PathError)
    expect(() => open(place)).toThrow('read-only')
  }
  execFileSync('mount', ['-o', 'remount,rw', disk])
  using dict = open<Record<string, number>>(path)
  expect(dict.toObject()).toEqual({ before: 1 })
})

test('an iteration that pauses for ten thousand commits does not make the file grow', async () => {
  const path = tempDirectory()
  using dict = open<Record<string, string>>(path, { durability: 'commit' })
  const text = 't'.repeat(2_000)
  for (let at = 0; at < 100; at++) dict.set(`key ${at}`, text)
  const paused = [dict.keys(), dict.entries(), dict.entries({ order: 'insertion' })] as const
  for (const each of paused) expect(each.next().done).toBe(false)
  const size = () => statSync(join(path, 'g1', 'data.mdb')).size
  const overwrite = async (commits: number) => {
    for (let at = 0; at < commits; at++) {
      dict.set(`key ${at % 100}`, text)
      if (at % 500 === 0) await new Promise(setImmediate)
    }
  }
  await overwrite(1_000)
  const before = size()
  await overwrite(9_000)
  expect(size()).toBeLessThan(before * 1.25)
  for (const each of paused) expect([...each]).toHaveLength(99)
})

describe('more readers than maxReaders', () => {
  test('open() is a StoreError that says so; the slots of killed processes are free again', async () => {
    const path = tempDirectory()
    const lmdb = { maxReaders: 4 }
    // The sweeper's first look makes databases, and gives the slot of its process back meanwhile.
    using dict = open<Record<string, number>>(path, { lmdb, background: 'disabled' })
    dict.set('before', 1)
    dict.flushSync()
    // A slot is taken by the first read, not by opening.
    expect([...dict.keys()]).toEqual(['before'])
    const readers = [1, 2, 3].map(() => started('reader.mjs', path))
    for (const reader of readers) await reader.line((line) => line === '1')
    const refused = await runChild('open-report.mjs', [JSON.stringify({ paths: [path] })])
    expect(refused).toMatchObject(WELL)
    expect(JSON.parse(refused.stdout)).toMatchObject({
      opened: false,
      code: new StoreError('').code,
      message: expect.stringContaining('maxReaders'),
    })
    // Those who are in go on.
    dict.set('before', 2)
    dict.flushSync()
    for (const reader of readers) {
      reader.process.stdin?.write('look\n')
      await reader.line((line) => line === '2')
    }
    readers[0]?.process.kill('SIGKILL')
    await readers[0]?.ended
    const next = started('reader.mjs', path)
    await next.line((line) => line === '2')
    const living = [next, ...readers.slice(1)]
    for (const { process } of living) process.stdin?.end()
    for (const { ended } of living) expect(await ended).toMatchObject(WELL)
    expect(readdirSync(join(path, 'owners'))).toHaveLength(1)
  })
})
