/** Whatever is handed to it, the library answers with a typed error, changes nothing, and lives on. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  ClosedError,
  FormatMismatchError,
  KeyError,
  OpenConflictError,
  type OpenOptions,
  OptionError,
  open,
  PathError,
  PersistDict,
  type Serializer,
  TransactionError,
  UnpersistableValueError,
} from 'persistdict'
import { fileStore } from 'persistdict/file'
import { sqliteStore } from 'persistdict/sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { runChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

interface Report {
  readonly path: string
  readonly opened: boolean
  readonly keys?: number
  readonly right?: number
  readonly isWritten?: boolean
  readonly name?: string
  readonly code?: string
  readonly message?: string
}

/** What a child says that opens the paths one after the other. Fails if it dies of one of them. */
async function openReports(
  paths: readonly string[],
  more: { options?: object; user?: number } = {},
): Promise<Report[]> {
  const ended = await runChild('open-report.mjs', [JSON.stringify({ paths, ...more })])
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  const reports = ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report)
  expect(reports.map(({ path }) => path)).toEqual(paths)
  return reports
}

/** A closed dict with some values of several pages, whose files can be damaged. */
function filledDict(entries = 200): string {
  const path = join(tempDirectory(), 'dict')
  using dict = open(path)
  for (let at = 0; at < entries; at++) {
    const key = `key ${at}`
    dict.set(key, { text: `value of ${key}`, padding: 'p'.repeat((at % 40) * 50) })
  }
  dict.set('large', { text: 'value of large', padding: 'p'.repeat(50_000) })
  return path
}

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

describe('keys', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a boolean', true],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['an object', {}],
    ['an array', ['a']],
    ['a function', () => 'a'],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
  ])(
    'set(), get(), has() and delete() with %s as the key are a KeyError or a string key',
    (_, key) => {
      using dict = open(tempDirectory())
      const bad = key as string
      // A number is a key as on an object: by its text.
      if (typeof key === 'number') {
        dict.set(bad, 1)
        expect(dict.get(String(key))).toBe(1)
        return
      }
      const calls = [
        () => dict.set(bad, 1),
        () => dict.get(bad),
        () => dict.has(bad),
        () => dict.delete(bad),
        () => dict.getMany([bad]),
        () => dict.setMany([[bad, 1]]),
        () => dict.update(bad, () => 1),
        () => dict.increment(bad),
      ]
      for (const call of calls) expect(call).toThrow(KeyError)
      expect(dict.size).toBe(0)
    },
  )
})

describe('values', () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = { again: cycle }
  class Account {
    balance = 1
  }
  const cases: [string, unknown, string][] = [
    ['undefined', undefined, ''],
    ['a function', () => 1, ''],
    ['a symbol', Symbol('s'), ''],
    ['a promise', Promise.resolve(1), ''],
    ['a function deep inside', { user: { tags: ['a', 'b', () => 1] } }, 'user.tags[2]'],
    ['a symbol in an array', [1, Symbol('s')], '[1]'],
    ['a promise in an object', { later: Promise.resolve(1) }, 'later'],
    ['an instance of a class', { account: new Account() }, 'account'],
    ['a WeakMap', { weak: new WeakMap() }, 'weak'],
  ]
  test.each(cases)(
    'set() of %s is an UnpersistableValueError that names the place',
    (_, value, path) => {
      using dict = open(tempDirectory())
      dict.set('key', 'before')
      let error: unknown
      try {
        dict.set('key', value)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(UnpersistableValueError)
      expect(error).toMatchObject({ code: 'ERR_PERSISTDICT_UNPERSISTABLE', path })
      expect((error as Error).message).toContain('"key"')
      if (path !== '') expect((error as Error).message).toContain(path)
      expect(dict.get('key')).toBe('before')
      // All or nothing: the good entries of the same call are not stored either.
      expect(() => dict.setMany({ good: 1, bad: value })).toThrow(UnpersistableValueError)
      expect(dict.has('good')).toBe(false)
    },
  )

  test('set() of a value that contains itself comes back equal or is refused with its place', () => {
    using dict = open(tempDirectory())
    try {
      dict.set('key', cycle)
      const back = dict.get('key') as { self: { again: unknown } }
      expect(back.self.again).toBe(back)
    } catch (error) {
      expect(error).toBeInstanceOf(UnpersistableValueError)
    }
  })
})

describe('a closed dict', () => {
  /** Arguments for those methods that look at theirs first. */
  const ARGUMENTS: Record<string, unknown[]> = {
    getMany: [['key']],
    hasMany: [['key']],
    setMany: [[['key', 1]]],
    deleteMany: [['key']],
    expire: ['key', 1_000],
    update: ['key', () => 1],
    getOrInsertComputed: ['key', () => 1],
    compareAndSet: ['key', undefined, 1],
    transaction: [() => 1],
    forEach: [() => {}],
    keys: [],
    values: [],
    entries: [],
    on: ['error', () => {}],
  }
  /**
   * May be called at any time. `object` hands out the view, whose every use is refused: see below; and
   * printing a dict says that it is closed.
   */
  const HARMLESS = [
    'constructor',
    'close',
    'object',
    'asObject',
    Symbol.dispose,
    Symbol.asyncDispose,
    inspect.custom,
  ]

  const members = Reflect.ownKeys(PersistDict.prototype).filter((name) => !HARMLESS.includes(name))
  // Both while another handle keeps the store open, and when nobody does.
  for (const others of ['alone', 'with another handle open'] as const) {
    for (const changeClock of ['mapped', 'asked'] as const) {
      test.each(members.map((name) => [String(name), name] as const))(
        `%s() after close() is a ClosedError, ${others}, clock '${changeClock}'`,
        async (_, name) => {
          const path = tempDirectory()
          const dict = open(path, { lmdb: { changeClock } })
          const other = others === 'alone' ? undefined : open(path)
          dict.set('key', 1)
          dict.close()
          let error: unknown
          try {
            await use(dict, name, ARGUMENTS[String(name)] ?? ['key', 1])
          } catch (thrown) {
            error = thrown
          }
          expect(error).toBeInstanceOf(ClosedError)
          expect(error).toMatchObject({ code: 'ERR_PERSISTDICT_CLOSED' })
          if (other !== undefined) expect([...other.entries()]).toEqual([['key', 1]])
          other?.close()
        },
      )
    }
  }

  /** Calls a method or reads a property; an iterator is asked for its first item. */
  async function use(dict: PersistDict, name: string | symbol, args: unknown[]): Promise<void> {
    const member = Reflect.get(dict, name, dict)
    const result: unknown =
      typeof member === 'function' ? Reflect.apply(member, dict, args) : member
    if (typeof (result as Iterator<unknown> | undefined)?.next === 'function') {
      await (result as Iterator<unknown>).next()
    }
    await result
  }

  test('getMany(), hasMany(), setMany() and deleteMany() of nothing after close() are a ClosedError', () => {
    const path = tempDirectory()
    using _other = open(path)
    const dict = open(path)
    dict.close()
    expect(() => dict.getMany([])).toThrow(ClosedError)
    expect(() => dict.hasMany([])).toThrow(ClosedError)
    expect(() => dict.setMany([])).toThrow(ClosedError)
    expect(() => dict.deleteMany([])).toThrow(ClosedError)
  })

  test('close() twice, and dispose after it, do nothing', async () => {
    const dict = open(tempDirectory())
    dict.close()
    dict.close()
    dict[Symbol.dispose]()
    await dict[Symbol.asyncDispose]()
  })

  test('object after close() refuses every trap with a ClosedError', () => {
    const dict = open<Record<string, number>>(tempDirectory())
    const view = dict.object
    view.key = 1
    dict.close()
    expect(() => view.key).toThrow(ClosedError)
    expect(() => {
      view.key = 2
    }).toThrow(ClosedError)
    expect(() => 'key' in view).toThrow(ClosedError)
    expect(() => delete view.key).toThrow(ClosedError)
    expect(() => Object.keys(view)).toThrow(ClosedError)
    expect(() => ({ ...view })).toThrow(ClosedError)
    expect(() => Object.getOwnPropertyDescriptor(view, 'key')).toThrow(ClosedError)
    expect(() => Object.defineProperty(view, 'key', { value: 1 })).toThrow()
  })

  test('get() in a namespace of a closed dict is a ClosedError', () => {
    const dict = open(tempDirectory())
    const inner = dict.namespace('inner')
    dict.close()
    expect(() => inner.get('key')).toThrow(ClosedError)
    expect(() => inner.set('key', 1)).toThrow(ClosedError)
  })
})

describe('options', () => {
  const wrong: [string, unknown, string][] = [
    ['a misspelt one', { TTL: 1 }, 'Did you mean "ttl"?'],
    ['one with a typo', { durabilty: 'sync' }, 'Did you mean "durability"?'],
    ['a misspelt one of a group', { cache: { maxEntry: 1 } }, 'Did you mean "maxEntries"?'],
    ['a misspelt one of lmdb', { lmdb: { mapSize: 1 } }, 'Did you mean "mapSizeBytes"?'],
    ['one like no other', { zzzzzzzzzzzz: 1 }, 'It takes: durability'],
    ['an unknown durability', { durability: 'fast' }, '"durability"'],
    ['an unknown serializer', { serializer: 'yaml' }, '"serializer"'],
    ['a ttl that is no duration', { ttl: 'soon' }, 'ttl must be'],
    ['a negative cache', { cache: { maxBytes: -1 } }, '"cache.maxBytes"'],
  ]
  test.each(wrong)(
    'open() with %s is an OptionError that says what to do',
    (_, options, message) => {
      const path = join(tempDirectory(), 'dict')
      const call = () => open(path, options as OpenOptions)
      expect(call).toThrow(OptionError)
      expect(call).toThrow(message)
      expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined()
    },
  )

  test.each([0, -1, -1e300, Number.NaN, '0s'])(
    'open() and set() with ttl %s are a RangeError',
    (ttl) => {
      const path = tempDirectory()
      expect(() => open(path, { ttl: ttl as number })).toThrow(RangeError)
      using dict = open(path)
      dict.set('key', 1, { ttl: 60_000 })
      expect(() => dict.set('key', 2, { ttl: ttl as number })).toThrow(RangeError)
      expect(() => dict.expire('key', ttl as number)).toThrow(RangeError)
      expect(dict.get('key')).toBe(1)
      expect(dict.ttl('key')).toBeGreaterThan(0)
    },
  )

  test('set() with an unknown option suggests the nearest and stores nothing', () => {
    using dict = open(tempDirectory())
    const call = () => dict.set('key', 1, { TTL: 5 } as never)
    expect(call).toThrow(OptionError)
    expect(call).toThrow('Did you mean "ttl"?')
    expect(dict.has('key')).toBe(false)
  })

  test.each([[''], [undefined], [null], [7], [{}]])('open(%j) is an OptionError', (place) => {
    expect(() => open(place as string)).toThrow(OptionError)
  })

  test('open() with another durability than an open dict of the process is an OpenConflictError', () => {
    const path = tempDirectory()
    const first = open(path)
    const call = () => open(path, { durability: 'sync' })
    expect(call).toThrow(OpenConflictError)
    expect(call).toThrow(/durability batched.*durability sync/)
    // The one that was refused has left nothing behind: the first one works, and is the last to close.
    first.set('key', 1)
    first.close()
    using second = open(path, { durability: 'sync' })
    expect(second.get('key')).toBe(1)
  })

  const MINE: Serializer = {
    id: 'mine',
    serialize: (value) => Buffer.from(String(value)),
    deserialize: String,
  }

  test('open() with a serializer of the user or other key settings names both sides and deletes nothing', () => {
    const path = filledDict()
    const file = join(path, 'g1', 'data.mdb')
    const before = digest(file)
    const mismatches: [OpenOptions, string, unknown, unknown][] = [
      [{ serializer: MINE }, 'serializer', 'msgpack', 'mine'],
      [{ keySizeLimit: 100 }, 'keySizeLimit', 511, 100],
      [{ digestBytes: 16 }, 'digestBytes', 32, 16],
      [
        { keySerializer: { id: 'mine', serialize: String, deserialize: (text) => text } },
        'keySerializer',
        'string',
        'mine',
      ],
    ]
    for (const [options, setting, stored, asked] of mismatches) {
      let error: unknown
      try {
        open(path, options)
      } catch (thrown) {
        error = thrown
      }
      expect(error).toBeInstanceOf(FormatMismatchError)
      expect(error).toMatchObject({
        code: 'ERR_PERSISTDICT_FORMAT_MISMATCH',
        setting,
        stored,
        asked,
      })
      expect((error as Error).message).toContain(JSON.stringify(stored))
      expect((error as Error).message).toContain(JSON.stringify(asked))
    }
    using dict = open(path)
    expect(dict.size).toBe(201)
    expect(dict.get('key 3')).toMatchObject({ text: 'value of key 3' })
    dict.close()
    expect(digest(file).length).toBe(before.length)
  })
})

describe('transactions', () => {
  test('transaction() and update() with a promise are a TransactionError, and close() does not hang', async () => {
    const ended = await runChild('promise-in-transaction.mjs', [tempDirectory()])
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'closed\n', stderr: '' })
  })

  test('flush() and flushSync() inside transaction() are a TransactionError', async () => {
    using dict = open(tempDirectory())
    expect(() => dict.transaction(() => dict.flushSync())).toThrow(TransactionError)
    dict.set('key', 1)
    await dict.flush()
    expect(dict.get('key')).toBe(1)
  })

  test('close() inside transaction() is refused, and the dict works on', () => {
    using dict = open(tempDirectory())
    expect(() => dict.transaction(() => dict.close())).toThrow(TransactionError)
    dict.set('key', 1)
    dict.flushSync()
    expect(dict.get('key')).toBe(1)
  })
})

describe('paths', () => {
  test('open() of a file, or of a path through one, is a PathError that names it', () => {
    const base = tempDirectory()
    const file = join(base, 'file')
    writeFileSync(file, 'text')
    for (const path of [file, join(file, 'inside')]) {
      const call = () => open(path)
      expect(call).toThrow(PathError)
      expect(call).toThrow(path)
      expect(call).toThrow('there is a file in the way')
    }
    expect(readFileSync(file, 'utf8')).toBe('text')
  })

  test.runIf(process.platform === 'linux')(
    'open() in a directory that takes none is a PathError, and ends',
    async () => {
      const ended = await runChild('open-report.mjs', [JSON.stringify({ paths: ['/proc/dict'] })])
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(ended.stdout)).toMatchObject({ code: 'ERR_PERSISTDICT_PATH' })
    },
  )

  test('open() where the files of the store are directories is a PathError or DamagedStoreError', async () => {
    const base = tempDirectory()
    const paths = ['gate.mdb', 'g1/data.mdb', 'g1/lock.mdb', 'gate.mdb-lock'].map((file, at) => {
      mkdirSync(join(base, String(at), file), { recursive: true })
      return join(base, String(at))
    })
    for (const report of await openReports(paths)) {
      expect(report.opened).toBe(false)
      expect(report.code).toMatch(/^ERR_PERSISTDICT_/)
      expect(report.message).toContain(report.path)
    }
  })

  test('open() without permission is a PathError, wherever it is missing', async () => {
    // The tests may run as root, whom nothing stops: the child becomes nobody.
    const NOBODY = 65_534
    const base = tempDirectory()
    chmodSync(base, 0o755)
    const locked = join(base, 'locked')
    mkdirSync(locked, { mode: 0o500 })
    const inLocked = join(locked, 'dict')
    const noGeneration = join(base, 'no-generation')
    mkdirSync(noGeneration)
    mkdirSync(join(noGeneration, 'g1'), { mode: 0o500 })
    chmodSync(noGeneration, 0o777)
    const paths = [locked, inLocked, noGeneration]
    // Files that only their owner may read, or only read, in a directory that is open to all.
    for (const mode of [0o600, 0o644]) {
      for (const file of ['gate.mdb', 'gate.mdb-lock', 'g1/data.mdb', 'g1/lock.mdb']) {
        const path = join(base, `${mode} ${file.replace('/', ' ')}`)
        cpSync(filledDict(5), path, { recursive: true })
        for (const each of ['', 'g1']) chmodSync(join(path, each), 0o777)
        for (const each of ['gate.mdb', 'gate.mdb-lock', 'g1/data.mdb', 'g1/lock.mdb'])
          chmodSync(join(path, each), each === file ? mode : 0o666)
        paths.push(path)
      }
    }
    const isRoot = process.getuid?.() === 0
    if (!isRoot) paths.splice(3)
    for (const report of await openReports(paths, { user: NOBODY })) {
      expect(report).toMatchObject({ opened: false, code: 'ERR_PERSISTDICT_PATH' })
      expect(report.message).toContain('may not read and write there')
    }
  })
})

test('open() with too few file descriptors left is a PathError, and open dicts work on', async () => {
  const ended = await runChild('few-descriptors.mjs', [join(tempDirectory(), 'dict')])
  expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
})

describe('a full disk', () => {
  /** A file system of that size. */
  function smallDisk(size: string): string {
    const path = tempDirectory()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' })
    } catch (error) {
      throw new Error(
        `This test needs a disk that it can fill: run it as root in a container that may mount tmpfs (docker run --cap-add SYS_ADMIN). ${error}`,
      )
    }
    onTestFinished(() => void execFileSync('umount', ['-l', path]))
    return path
  }

  test.each(['batched', 'commit', 'sync'])(
    "flush() or set() on a full disk is a StoreFullError, data stays readable, nothing is lost and it works again after, durability '%s'",
    async (durability) => {
      const disk = smallDisk('8m')
      const ended = await runChild('full-disk.mjs', [disk, durability, 'lmdb'])
      // LMDB would print a line if it met the full disk itself; it never does.
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
      using dict = open(join(disk, 'dict'))
      for (let at = 0; at < 20; at++) expect(dict.get(`before ${at}`)).toMatch(`${at} xxx`)
      for (let at = 0; at < 30; at++) expect(dict.get(`after ${at}`)).toMatch(`after ${at} xxx`)
      expect(dict.size).toBe(50)
    },
  )

  test.each([
    ['sqlite', sqliteStore],
    ['file', fileStore],
  ] as const)('a full disk is a StoreFullError on %s, too', async (kind, store) => {
    for (const durability of ['batched', 'commit']) {
      const disk = smallDisk('8m')
      const ended = await runChild('full-disk.mjs', [disk, durability, kind])
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
      using dict = open(store(join(disk, 'dict')))
      for (let at = 0; at < 30; at++) expect(dict.get(`after ${at}`)).toMatch(`after ${at} xxx`)
      expect(dict.size).toBe(50)
    }
  })

  test('open() on a full disk is a StoreFullError, of a new dict and of an old one', async () => {
    const disk = smallDisk('4m')
    const old = join(disk, 'old')
    cpSync(filledDict(20), old, { recursive: true })
    const before = digest(join(old, 'g1', 'data.mdb'))
    fill(disk)
    for (const report of await openReports([join(disk, 'new'), old])) {
      expect(report).toMatchObject({ opened: false, code: 'ERR_PERSISTDICT_STORE_FULL' })
    }
    expect(digest(join(old, 'g1', 'data.mdb'))).toBe(before)
    execFileSync('rm', [join(disk, 'filler')])
    const [report] = await openReports([old])
    expect(report).toMatchObject({ opened: true, keys: 21, right: 21, isWritten: true })
  })

  test('open() on a disk with no inode left is a StoreFullError', async () => {
    const disk = smallDisk('4m,nr_inodes=10')
    for (let at = 0; ; at++) {
      try {
        writeFileSync(join(disk, `file ${at}`), '')
      } catch {
        break
      }
    }
    const [report] = await openReports([join(disk, 'dict')])
    expect(report).toMatchObject({ opened: false, code: 'ERR_PERSISTDICT_STORE_FULL' })
  })

  function fill(disk: string): void {
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(8 * 2 ** 20))
    } catch {
      // Full, as it should be.
    }
  }
})

describe('damaged files', () => {
  interface Damage {
    readonly title: string
    /** Changes the files of a closed dict. */
    readonly change: (path: string) => void
  }
  const data = (path: string) => join(path, 'g1', 'data.mdb')
  const gate = (path: string) => join(path, 'gate.mdb')
  const random = randomOf(seedOf('damaged files'))
  const noise = (bytes: number) =>
    Buffer.from(Array.from({ length: bytes }, () => random.below(256)))

  const files: readonly { name: string; file: (path: string) => string }[] = [
    { name: 'data', file: data },
    { name: 'gate', file: gate },
  ]
  const damages: Damage[] = files.flatMap(({ name, file }) => [
    { title: `a text as the ${name} file`, change: (path) => writeFileSync(file(path), 'no LMDB') },
    {
      title: `a long text as the ${name} file`,
      change: (path) => writeFileSync(file(path), 'no LMDB '.repeat(5_000)),
    },
    {
      title: `an SQLite database as the ${name} file`,
      change: (path) =>
        writeFileSync(file(path), Buffer.concat([Buffer.from('SQLite format 3\0'), noise(40_000)])),
    },
    {
      title: `zeros as the ${name} file`,
      change: (path) => writeFileSync(file(path), Buffer.alloc(40_960)),
    },
    ...[1, 100, 4_096, 8_192, 100_000].map((bytes) => ({
      title: `${bytes} random bytes as the ${name} file`,
      change: (path: string) => writeFileSync(file(path), noise(bytes)),
    })),
    ...[1, 23, 24, 100, 159, 160, 1_000, 4_095, 4_096, 4_200, 8_000].map((bytes) => ({
      title: `the ${name} file cut off after ${bytes} bytes`,
      change: (path: string) => truncateSync(file(path), bytes),
    })),
  ])
  // In pages: between the meta pages and the end, where only LMDB's own idea of the length tells.
  for (const share of [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
    damages.push({
      title: `the data file cut off after ${share * 100} % of it, and a bit`,
      change: (path) =>
        truncateSync(
          data(path),
          Math.floor(statSync(data(path)).size * share) + random.below(4_096),
        ),
    })
  }
  damages.push({
    title: 'the data file cut off by one page',
    change: (path) => truncateSync(data(path), statSync(data(path)).size - 4_096),
  })
  damages.push({
    title: 'a data file with the pages of another LMDB format',
    change: (path) => {
      const bytes = readFileSync(data(path))
      for (const page of [0, 4_096]) bytes.writeUInt32LE(999, page + 28)
      writeFileSync(data(path), bytes)
    },
  })

  test('open() of damaged, foreign and cut off files is a DamagedStoreError, and the files stay as they were', async () => {
    const whole = filledDict()
    const base = tempDirectory()
    const paths = damages.map(({ change }, at) => {
      const path = join(base, String(at))
      // The lock files are left behind: reading them is what nobody must do to an open store.
      mkdirSync(join(path, 'g1'), { recursive: true })
      cpSync(data(whole), data(path))
      cpSync(gate(whole), gate(path))
      change(path)
      return path
    })
    const before = paths.map((path) => [digest(data(path)), digest(gate(path))])
    const reports = await openReports(paths)
    const wrong = reports.flatMap((report, at) => {
      const title = damages[at]?.title ?? ''
      const isRefused = !report.opened && report.code === 'ERR_PERSISTDICT_DAMAGED_STORE'
      // Where nothing refers to what was cut off, nothing is damaged.
      const isWhole = title.includes('cut off') && report.right === 201 && report.isWritten
      return isRefused || isWhole ? [] : [{ title, ...report }]
    })
    expect(wrong).toEqual([])
    const refused = reports.filter(({ opened }) => !opened)
    expect(refused.length).toBeGreaterThan(reports.length - 5)
    for (const { message, path } of refused) expect(message).toContain(path)
    const after = paths.map((path) => [digest(data(path)), digest(gate(path))])
    reports.forEach(({ opened }, at) => {
      if (!opened) expect(after[at]).toEqual(before[at])
    })
  })

  test('open() after the lock files were removed finds everything', async () => {
    const path = filledDict()
    execFileSync('rm', [join(path, 'g1', 'lock.mdb'), join(path, 'gate.mdb-lock')])
    const [report] = await openReports([path])
    expect(report).toMatchObject({ opened: true, keys: 201, right: 201, isWritten: true })
  })

  test('open() after the gate was removed finds everything', async () => {
    const path = filledDict()
    execFileSync('rm', [gate(path), `${gate(path)}-lock`])
    const [report] = await openReports([path])
    expect(report).toMatchObject({ opened: true, keys: 201, right: 201, isWritten: true })
  })
})

describe('a directory that goes away while it is open', () => {
  test.each(['removed', 'made anew', 'moved'])(
    'flush() after the directory was %s is a StoreGoneError, and what is pending is kept',
    async (way) => {
      const path = join(tempDirectory(), 'dict')
      const ended = await runChild('gone-directory.mjs', [path, way])
      expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'done\n', stderr: '' })
      using dict = open(path)
      expect([...dict.keys()].sort()).toEqual(way === 'moved' ? ['before', 'pending'] : ['fresh'])
    },
  )

  test('process end after the directory was removed tells of what could not be saved', async () => {
    const path = join(tempDirectory(), 'dict')
    const ended = await runChild('gone-directory.mjs', [path, 'left to the exit'])
    expect(ended.signal).toBeNull()
    expect(ended.code).not.toBe(0)
    expect(ended.stderr).toContain('StoreGoneError')
  })
})

describe('a missing native module', () => {
  test('open() without lmdb is a NativeModuleError that names a store without it; the import works', async () => {
    const preload = new URL('./children/lmdb-missing.cjs', import.meta.url).pathname
    const path = tempDirectory()
    const ended = await runChild('open-report.mjs', [JSON.stringify({ paths: [path] })], {
      nodeArgs: ['--require', preload],
    })
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    const report = JSON.parse(ended.stdout) as Report
    expect(report).toMatchObject({
      name: 'NativeModuleError',
      code: 'ERR_PERSISTDICT_NATIVE_MODULE',
    })
    // The store that does without it.
    expect(report.message).toMatch(/persistdict\/(sqlite|memory)/)
  })
})
