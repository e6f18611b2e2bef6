/** However a process or a thread ends, what was set before is there at the next open. */
import { open } from 'persistdict'
import { describe, expect, test } from 'vitest'
import { runChild, startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

type Durability = 'batched' | 'commit' | 'sync'

/** What is open when the process ends. */
const OPEN: readonly { readonly title: string; readonly durabilities: readonly Durability[] }[] = [
  { title: 'one dict', durabilities: ['batched'] },
  { title: 'a dict of each durability', durabilities: ['batched', 'commit', 'sync'] },
]

interface Way {
  readonly way: string
  readonly title: string
  readonly code: number
  readonly writers: readonly string[]
  readonly stdout?: string
}

const WAYS: readonly Way[] = [
  { way: 'natural', title: 'its natural end', code: 0, writers: ['main'] },
  { way: 'exit', title: 'process.exit(0) right after set()', code: 0, writers: ['main'] },
  { way: 'exit with a code', title: 'process.exit(3)', code: 3, writers: ['main'] },
  {
    way: 'exit in a later turn',
    title: 'process.exit(0) in a timer',
    code: 0,
    writers: ['main', 'later'],
  },
  { way: 'throw', title: 'an uncaught error', code: 1, writers: ['main'] },
  {
    way: 'throw in a timer',
    title: 'an uncaught error in a timer',
    code: 1,
    writers: ['main', 'later'],
  },
  { way: 'reject', title: 'an unhandled rejection', code: 1, writers: ['main'] },
  {
    way: 'exit listener',
    title: 'an exit listener older than the dict',
    code: 0,
    writers: ['main'],
    stdout: 'program listener ran\n',
  },
  {
    way: 'worker natural',
    title: 'the natural end of a worker',
    code: 0,
    writers: ['main', 'worker', 'after'],
    stdout: 'worker exit: 0\n',
  },
  {
    way: 'worker exit',
    title: 'process.exit(0) in a worker',
    code: 0,
    writers: ['main', 'worker', 'after'],
    stdout: 'worker exit: 0\n',
  },
  {
    way: 'worker throw',
    title: 'an uncaught error in a worker',
    code: 0,
    writers: ['main', 'worker', 'after'],
    stdout: 'worker error: thrown on purpose\nworker exit: 1\n',
  },
  {
    way: 'worker alone natural',
    title: 'the natural end of a worker that alone has the dict open',
    code: 0,
    writers: ['worker', 'after'],
    stdout: 'worker exit: 0\n',
  },
  {
    way: 'worker alone exit',
    title: 'process.exit(0) in a worker that alone has the dict open',
    code: 0,
    writers: ['worker', 'after'],
    stdout: 'worker exit: 0\n',
  },
]

describe.each(OPEN)('with $title open', ({ durabilities }) => {
  const places = () => new Map(durabilities.map((durability) => [tempDirectory(), durability]))
  const told = (dicts: ReadonlyMap<string, Durability>) => JSON.stringify(Object.fromEntries(dicts))

  for (const { way, title, code, writers, stdout = '' } of WAYS) {
    test(`set() survives ${title}`, async () => {
      const dicts = places()
      const ended = await runChild('exit.mjs', [told(dicts), way])
      expect(ended).toMatchObject({ code, signal: null, stdout })
      if (code === 0) expect(ended.stderr).toBe('')
      if (code === 1) expect(ended.stderr).toContain('on purpose')
      for (const path of dicts.keys()) expectWrites(path, writers)
    })
  }
})

test.each(['batched', 'commit', 'sync'])(
  "process.exit() inside a transaction ends the process and rolls back, durability '%s'",
  async (durability) => {
    const path = tempDirectory()
    const places = JSON.stringify({ [path]: durability })
    const ended = await runChild('exit.mjs', [places, 'exit in transaction'])
    expect(ended.signal).toBeNull()
    using dict = open(path)
    expect(dict.has('half')).toBe(false)
    expectWrites(path, ['main'])
  },
)

test.each(['', 'worker '])(
  'process.exit() inside transactions of a %sthread takes them back, and commits what was pending before them',
  async (thread) => {
    const paths = [tempDirectory(), tempDirectory()]
    const places = JSON.stringify(Object.fromEntries(paths.map((path) => [path, 'batched'])))
    const way = `${thread}exit in transaction over pending writes`
    expect(await runChild('exit.mjs', [places, way])).toEqual({
      code: 3,
      signal: null,
      stdout: 'program listener ran: 3\n',
      stderr: '',
    })
    for (const [at, path] of paths.entries()) {
      using dict = open(path)
      expect([...dict]).toEqual([['pending', at + 1]])
    }
  },
)

function expectWrites(path: string, writers: readonly string[]): void {
  using dict = open(path)
  for (const writer of writers) {
    for (let at = 0; at < 100; at++) expect(dict.get(`${writer} ${at}`)).toEqual({ at })
  }
  expect(dict.get('overwritten')).toBe(writers.at(-1))
  expect(dict.has('deleted')).toBe(false)
  expect(dict.size).toBe(writers.length * 100 + 1)
  expect([...dict.keys()]).toHaveLength(dict.size)
}

describe('flushOnSignals', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'open() with flushOnSignals saves on %s, and the process dies of it',
    async (signal) => {
      const path = tempDirectory()
      const child = startChild('signal.mjs', [path, 'alone'])
      await child.line((line) => line === 'written')
      child.process.kill(signal)
      expect(await child.ended).toMatchObject({ code: null, signal, stderr: '' })
      using dict = open(path)
      expect(dict.get('key')).toBe('pending')
    },
  )

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'open() with flushOnSignals leaves the process to another listener of %s, each time',
    async (signal) => {
      const path = tempDirectory()
      const child = startChild('signal.mjs', [path, 'listener'])
      await child.line((line) => line === 'written')
      child.process.kill(signal)
      await child.line((line) => line === `listener heard ${signal}, 0 pending, round 1`)
      child.process.kill(signal)
      await child.line((line) => line === `listener heard ${signal}, 0 pending, round 2`)
      child.process.stdin?.end()
      expect(await child.ended).toMatchObject({ code: 5, signal: null, stderr: '' })
      using dict = open(path)
      expect(dict.get('key')).toBe('pending in round 1')
    },
  )

  test('open() without flushOnSignals leaves signals alone', async () => {
    const path = tempDirectory()
    const child = startChild('signal.mjs', [path, 'off'])
    await child.line((line) => line === 'written')
    child.process.kill('SIGTERM')
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM' })
    using dict = open(path)
    expect(dict.get('flushed')).toBe(true)
  })

  test('close() of all dicts leaves later signals to the program', async () => {
    const path = tempDirectory()
    const child = startChild('signal.mjs', [path, 'closed'])
    await child.line((line) => line === 'written')
    child.process.kill('SIGTERM')
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' })
  })
})

describe("the program's own lmdb", () => {
  test.each(['natural', 'exit', 'throw'])(
    'open() beside environments of the program, before and after it, survives a %s end',
    async (way) => {
      const path = tempDirectory()
      const ended = await runChild('own-lmdb.mjs', [path, way])
      expect(ended).toMatchObject({ code: way === 'throw' ? 1 : 0, signal: null })
      const check = await runChild('own-lmdb.mjs', [path, 'check'])
      expect(check).toMatchObject({ code: 0, signal: null, stderr: '', stdout: 'all there\n' })
    },
  )
})

test('terminate() of a worker that has a dict open leaves it to the other threads', async () => {
  const path = tempDirectory()
  const ended = await runChild('terminated-worker.mjs', [path])
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '', stdout: 'main went on\n' })
  using dict = open(path)
  expect(dict.get('main')).toBe(9)
  for (let at = 0; at < 10; at++) expect(dict.get(`worker ${at}`)).toBe('committed')
  expect([...dict.keys()]).toHaveLength(dict.size)
})
