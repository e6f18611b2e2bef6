/** Backup and compaction, while others write and while the one that does it dies. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ClosedError,
  DamagedStoreError,
  OptionError,
  open,
  PathError,
  UnsupportedError,
} from 'persistdict'
import { memoryStore } from 'persistdict/memory'
import { describe, expect, onTestFinished, test } from 'vitest'
import { processIdentity } from '../../src/process-identity.js'
import { type Child, runChild, startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'

const generations = (path: string) => readdirSync(path).filter((name) => /^g\d+$/.test(name))
const dataFile = (path: string) => join(path, generations(path)[0] ?? '', 'data.mdb')

/** A dict of which nine tenths were deleted. */
function grown(path = join(tempDirectory(), 'dict'), entries = 3_000): string {
  using dict = open(path, { durability: 'commit' })
  const padding = 'p'.repeat(200)
  dict.setMany(Array.from({ length: entries }, (_, at) => [`old ${at}`, { at, padding }] as const))
  dict.deleteMany(Array.from({ length: entries * 0.9 }, (_, at) => `old ${at}`))
  return path
}

interface Writer {
  readonly name: string
  readonly log: string
  readonly child: Child
}

async function startWriters(path: string): Promise<Writer[]> {
  const logs = tempDirectory()
  const writers = ['a', 'b'].map((name) => {
    const log = join(logs, name)
    const child = startChild('upkeep-writer.mjs', [path, name, log])
    onTestFinished(() => void child.process.kill('SIGKILL'))
    return { name, log, child }
  })
  for (const { child, log } of writers) {
    await child.line((line) => line === 'begin')
    await expect.poll(() => statSync(log).size).toBeGreaterThan(5)
  }
  return writers
}

/** All that was acknowledged is there, and all that goes together. */
async function stopAndCheck(path: string, writers: readonly Writer[]): Promise<void> {
  for (const { child } of writers) {
    child.process.stdin?.end()
    expect(await child.ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  }
  using dict = open<Record<string, unknown>>(path)
  for (const { name, log } of writers) {
    const acknowledged = statSync(log).size
    expect(dict.get(`count ${name}`)).toBe(acknowledged)
    expect(dict.get(`twin ${name}`)).toBe(acknowledged)
    const missing: number[] = []
    for (let count = 1; count <= acknowledged; count++) {
      const isDeleted = count % 3 === 2 && count + 1 <= acknowledged
      if (dict.has(`${name} ${count}`) === isDeleted) missing.push(count)
    }
    expect(missing).toEqual([])
  }
  expect([...dict.keys({ prefix: 'old ' })]).toHaveLength(300)
  expect(await dict.verify()).toMatchObject({ findings: 0 })
}

describe('compact()', () => {
  test('compact() gives space back, and everything is there', async () => {
    const path = grown()
    const before = statSync(dataFile(path)).size
    const dict = open<Record<string, { at: number }>>(path)
    const version = dict.getEntry('old 2950')?.version as number
    const report = await dict.compact()
    expect(report).toEqual({ beforeBytes: before, afterBytes: statSync(dataFile(path)).size })
    expect(report.afterBytes).toBeLessThan(before / 4)
    expect(generations(path)).toEqual(['g2'])
    expect(readFileSync(join(path, 'CURRENT'), 'utf8')).toBe('g2\n')
    expect(dict.size).toBe(300)
    expect(dict.getEntry('old 2950')?.version).toBe(version)
    dict.set('old 2950', { at: -1 })
    expect(dict.getEntry('old 2950')?.version).toBeGreaterThan(version)
    dict.close()
    using again = open<Record<string, { at: number }>>(path)
    expect(again.get('old 2950')).toEqual({ at: -1 })
    expect(again.size).toBe(300)
  })

  test('compact() again and again, while two processes write, loses nothing and shows nothing old', async () => {
    const path = grown()
    const writers = await startWriters(path)
    const dict = open(path)
    for (let round = 2; round <= 4; round++) {
      await dict.compact()
      expect(generations(path)).toEqual([`g${round}`])
    }
    const [{ log }] = writers as [Writer]
    const size = statSync(log).size
    // They go on in the last one.
    await expect.poll(() => statSync(log).size).toBeGreaterThan(size)
    dict.close()
    await stopAndCheck(path, writers)
  })

  test.each(['announced', 'copying', 'copied', 'copy complete', 'sealed', 'switched'])(
    'compact() of a process that dies when it is %s loses nothing, and the next one succeeds',
    async (step) => {
      const path = grown()
      const writers = await startWriters(path)
      const ended = await runChild('upkeep-runner.mjs', [path, 'compact', step])
      expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      const again = await runChild('upkeep-runner.mjs', [path, 'compact', '-'])
      expect(again).toMatchObject({ code: 0, stderr: '' })
      await stopAndCheck(path, writers)
      expect(generations(path)).toHaveLength(1)
    },
  )

  test('compact() while one is under way is a StoreError that says so', async () => {
    const dict = open(grown())
    const first = dict.compact()
    await expect(dict.compact()).rejects.toThrow(/being backed up or compacted already/)
    await expect(first).resolves.toBeDefined()
    dict.close()
  })

  describe('the lock of another process', () => {
    const lock = (path: string) => join(path, 'maintenance.lock')
    const record = (path: string) => join(path, 'maintenance.json')
    const DEAD = { ...processIdentity(), startTime: '1' }

    /** As a process leaves it that copies at this moment. */
    function locked(path: string, holder: object): void {
      mkdirSync(lock(path))
      writeFileSync(record(path), JSON.stringify(holder))
    }

    test('compact() takes over the lock of a dead process at once', async () => {
      const path = grown()
      using dict = open(path)
      locked(path, DEAD)
      await dict.compact()
      expect([existsSync(lock(path)), existsSync(record(path))]).toEqual([false, false])
      expect(generations(path)).toEqual(['g2'])
    })

    test('compact() leaves the lock of a living process alone, and one whose holder is not known', async () => {
      const path = grown()
      using dict = open(path)
      locked(path, processIdentity())
      await expect(dict.compact()).rejects.toThrow(/being backed up or compacted already/)
      // It has the lock, and has only begun to write who it is.
      writeFileSync(record(path), '{"pid":')
      await expect(dict.compact()).rejects.toThrow(/being backed up or compacted already/)
      expect([existsSync(lock(path)), generations(path)]).toEqual([true, ['g1']])
    })

    test('compact() by four processes that find the same dead one is done by one at a time, and loses nothing', async () => {
      const path = grown()
      locked(path, DEAD)
      const ends = await Promise.all(
        [1, 2, 3, 4].map(() => runChild('upkeep-runner.mjs', [path, 'compact', '-'])),
      )
      const done = ends.filter(({ code }) => code === 0)
      for (const { code, stderr } of ends) {
        if (code !== 0) expect(stderr).toContain('being backed up or compacted already')
      }
      expect(done.length).toBeGreaterThan(0)
      expect(generations(path)).toEqual([`g${1 + done.length}`])
      using dict = open(path)
      expect(dict.size).toBe(300)
      expect(await dict.verify()).toMatchObject({ findings: 0 })
    })
  })

  test('close() during compact() gives it up, and leaves the dict as it was', async () => {
    const path = grown()
    const dict = open(path)
    const compaction = dict.compact()
    const outcome = expect(compaction).rejects.toBeInstanceOf(ClosedError)
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    dict.close()
    await outcome
    expect(generations(path)).toEqual(['g1'])
    using again = open(path)
    expect(again.size).toBe(300)
  })

  // Native code that is asked for a closed environment ends the process.
  test.each(['compact', 'backup'] as const)(
    'close() in the turn of %s(), or in one right after it, gives it up',
    async (what) => {
      const path = grown(undefined, 100)
      for (let microtasks = 0; microtasks < 12; microtasks++) {
        const dict = open(path)
        const target = join(tempDirectory(), 'backup')
        const asked = what === 'backup' ? dict.backup(target) : dict.compact()
        const outcome = expect(asked).rejects.toBeInstanceOf(ClosedError)
        for (let at = 0; at < microtasks; at++) await undefined
        dict.close()
        await outcome
      }
      using again = open(path)
      expect(again.size).toBe(10)
    },
  )

  test('compact() of a closed dict is a ClosedError, and of one in memory an UnsupportedError', async () => {
    const closed = open(tempDirectory())
    closed.close()
    await expect(closed.compact()).rejects.toThrow(ClosedError)
    using memory = open(memoryStore())
    await expect(memory.compact()).rejects.toThrow(UnsupportedError)
    await expect(memory.backup('anywhere')).rejects.toThrow(UnsupportedError)
  })
})

describe('backup()', () => {
  test('backup() while two processes write is a whole dict of one moment', async () => {
    const path = grown()
    const target = join(tempDirectory(), 'deep', 'backup')
    const writers = await startWriters(path)
    using dict = open(path)
    const { sizeBytes, path: real } = await dict.backup(target)
    expect(real).toBe(target)
    expect(sizeBytes).toBe(statSync(dataFile(target)).size)
    using copy = open<Record<string, unknown>>(target)
    for (const { name } of writers) {
      expect(copy.get(`count ${name}`)).toBeGreaterThan(5)
      expect(copy.get(`twin ${name}`)).toBe(copy.get(`count ${name}`))
    }
    expect([...copy.keys({ prefix: 'old ' })]).toHaveLength(300)
    copy.set('only here', 1)
    expect(dict.has('only here')).toBe(false)
    await stopAndCheck(path, writers)
  })

  test.each(['announced', 'copying', 'copied', 'copy complete', 'backup complete'])(
    'backup() of a process that dies when it is %s leaves a whole backup or none, and the dict as it was',
    async (step) => {
      const path = grown()
      const target = join(tempDirectory(), 'backup')
      const ended = await runChild('upkeep-runner.mjs', [path, 'backup', step, target])
      expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      using dict = open(path)
      expect(dict.size).toBe(300)
      dict.set('after', 1)
      if (step !== 'backup complete') expect(() => open(target)).toThrow(DamagedStoreError)
      else {
        using copy = open(target)
        expect(copy.size).toBe(300)
      }
      await dict.backup(join(tempDirectory(), 'another'))
    },
  )

  test('backup() into a directory with something in it is a PathError', async () => {
    using dict = open(grown())
    const path = tempDirectory()
    writeFileSync(join(path, 'file'), '')
    await expect(dict.backup(path)).rejects.toThrow(PathError)
    await expect(dict.backup(join(path, 'file'))).rejects.toThrow(PathError)
    for (const nowhere of [undefined, '', 5, new URL('file:///tmp')]) {
      await expect(dict.backup(nowhere as never)).rejects.toThrow(OptionError)
    }
    mkdirSync(join(path, 'empty'))
    await dict.backup(join(path, 'empty'))
  })
})
