/**
 * A commit is seen by the very next read: through another handle, in another thread, in another
 * process, cached or not.
 */
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Worker } from 'node:worker_threads'
import { open } from 'persistdict'
import { describe, expect, test } from 'vitest'
import { storeDirectory } from '../../src/store/lmdb/directory.js'
import { Environment } from '../../src/store/lmdb/environment.js'
import { runChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

const CLOCKS = ['mapped', 'asked'] as const

describe('two handles on one path', () => {
  function spellings(): Record<string, string> {
    const base = tempDirectory()
    const path = join(base, 'dict')
    mkdirSync(path)
    symlinkSync(path, join(base, 'link'))
    symlinkSync(base, join(base, 'link-to-parent'))
    return {
      absolute: path,
      relative: relative(process.cwd(), path),
      'with a trailing slash': `${path}/`,
      'with ..': `${base}/x/../dict/./`,
      'through a link': join(base, 'link'),
      'through a link to its parent': join(base, 'link-to-parent', 'dict'),
    }
  }

  test('open() of one path spelled in six ways is one environment: set() is seen by the next get()', () => {
    const handles = Object.entries(spellings()).map(([name, path]) => ({ name, dict: open(path) }))
    const locations = new Set(handles.map(({ dict }) => dict.stats().location))
    expect(locations.size).toBe(1)
    for (const writer of handles) {
      writer.dict.set('key', writer.name)
      expect(writer.dict.stats().pendingWrites).toBe(1)
      for (const { dict } of handles) {
        // Pending, seen all the same; and no read has committed it.
        expect(dict.get('key')).toBe(writer.name)
        expect(dict.stats().pendingWrites).toBe(1)
      }
      writer.dict.flushSync()
      for (const { dict } of handles) expect(dict.get('key')).toBe(writer.name)
      expect(writer.dict.delete('key')).toBe(true)
      for (const { dict } of handles) expect(dict.has('key')).toBe(false)
    }
    for (const { dict } of handles) dict.close()
  })

  test('close() of one handle leaves the others open, and the last one saves', () => {
    const { absolute, ...others } = spellings()
    const last = open(absolute as string)
    for (const path of Object.values(others)) {
      const dict = open(path)
      dict.set('from', path)
      dict.close()
      expect(last.get('from')).toBe(path)
    }
    last.set('from', 'the last')
    last.close()
    using again = open(absolute as string)
    expect(again.get('from')).toBe('the last')
  })
})

test('open() on Linux notices commits from shared memory, where nothing else was asked for', () => {
  const path = tempDirectory()
  for (const changeClock of CLOCKS) {
    const environment = new Environment(storeDirectory(path, false), {
      mapSizeBytes: 2 ** 30,
      maxReaders: 126,
      changeClock,
    })
    const expected = process.platform === 'linux' ? changeClock : 'asked'
    expect(environment.data.clock.kind).toBe(expected)
    environment.close()
  }
})

interface Run {
  readonly title: string
  readonly durability: 'batched' | 'commit' | 'sync'
  readonly role: 'read' | 'spin'
  readonly rounds: number
}

/** Several thousand hand-overs each way; fewer where each waits for the disk. */
const RUNS: readonly Run[] = [
  {
    title: 'get(), has() and getEntry() see a commit at once',
    durability: 'commit',
    role: 'read',
    rounds: 3_000,
  },
  {
    title: 'get() sees a commit at once, synced ones',
    durability: 'batched',
    role: 'read',
    rounds: 400,
  },
  {
    title: 'get() of a cached key in one synchronous loop sees it change',
    durability: 'commit',
    role: 'spin',
    rounds: 2_000,
  },
]

describe.each(CLOCKS)("change clock '%s'", (changeClock) => {
  for (const { title, durability, role, rounds } of RUNS) {
    test(`${title}, in another process, after set, delete and clear, cached misses too`, async () => {
      const base = tempDirectory()
      const settings = {
        path: join(base, 'dict'),
        rounds,
        durability,
        changeClock,
        batons: [join(base, 'there'), join(base, 'back')],
      }
      const ends = await Promise.all(
        ['write', role].map((as) =>
          runChild('hand-over.mjs', [JSON.stringify({ ...settings, role: as })]),
        ),
      )
      for (const end of ends) expect(end).toMatchObject({ code: 0, signal: null, stderr: '' })
    })

    test(`${title}, in another thread`, async () => {
      const path = tempDirectory()
      const buffer = new SharedArrayBuffer(8)
      const settings = { path, rounds, durability, changeClock, buffer }
      await Promise.all(['write', role].map((as) => threadEnd({ ...settings, role: as })))
      using dict = open(path, { lmdb: { changeClock } })
      expect(dict.size).toBe([...dict.keys()].length)
    })
  }
})

function threadEnd(settings: object): Promise<void> {
  const script = new URL('./children/hand-over.mjs', import.meta.url)
  const worker = new Worker(script, { workerData: settings, stdout: true, execArgv: [] })
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`the thread ended with ${code}`))
    })
  })
}
