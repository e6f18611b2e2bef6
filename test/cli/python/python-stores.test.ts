/** import, from stores that Python wrote: make-fixtures.py made them. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { pythonJson } from '../../../src/cli/python/python-value.js'
import { open } from '../../../src/open/open.js'
import { freshPath } from '../places.js'
import { persistdict, printed } from '../program.js'

const fixture = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** The key of make-fixtures.py. */
const KEY = Buffer.from(Array.from({ length: 32 }, (_, at) => at))

const VALUES: readonly (readonly [string, unknown])[] = [
  ['ada', { name: 'Ada', born: 1815, tags: ['x', 'ü', null, true] }],
  ['numbers', [Number.NaN, Infinity, -Infinity, 2n ** 70n, -(2n ** 53n), 1e300, 0.1]],
  ['größe: "x"', 'snow ☃ NaN 12345678901234567890 "quoted"'],
  ['k'.repeat(600), 'long key'],
  ['large', 'x'.repeat(10_000)],
]

function entriesIn(store: string): [string, unknown][] {
  const dict = open(store)
  const entries = Array.from(dict.keys({ order: 'insertion' }), (key): [string, unknown] => [
    key,
    dict.get(key),
  ])
  dict.close()
  return entries
}

describe('PersistDict', () => {
  test.each(['persistdict-json', 'persistdict-0.1.db'])(
    '%s comes in, oldest first',
    async (name) => {
      const store = freshPath()
      expect(await printed(['import', store, fixture(name)])).toBe('5 entries imported\n')
      expect(entriesIn(store)).toEqual(VALUES)
    },
  )

  test('of many pages is read through all of them, and not written to', async () => {
    const [store, source] = [freshPath(), fixture('persistdict-many')]
    const before = readFileSync(join(source, 'data.mdb'))
    await printed(['import', store, source])
    expect(entriesIn(store)).toEqual(Array.from({ length: 120 }, (_, at) => [`key ${at}`, at]))
    expect(readFileSync(join(source, 'data.mdb')).equals(before)).toBe(true)
  })

  test('with values that are text needs --values text', async () => {
    const store = freshPath()
    const words = ['import', store, fixture('persistdict-json'), '--values', 'text']
    await printed(words)
    expect(await printed(['get', store, 'large', '--raw'])).toBe(`"${'x'.repeat(10_000)}"`)
  })

  test('with pickled values is refused, key by key', async () => {
    const store = freshPath()
    const words = ['import', store, fixture('persistdict-pickle')]
    const { code, err } = await persistdict(words)
    expect(code).toBe(4)
    expect(err).toContain('The value of key ada was written by pickle')
    expect(err).toContain('docs/migrate/from-python.md')
    expect(err).toContain('(ERR_PERSISTDICT_CLI_PICKLE)')
    expect((await persistdict([...words, '--keep-going'])).out).toBe(
      '0 entries imported, 1 line wrong\n',
    )
  })

  test('that is damaged is an error, wherever it is', async () => {
    const whole = readFileSync(join(fixture('persistdict-json'), 'data.mdb'))
    const directory = freshPath()
    mkdirSync(directory)
    const file = join(directory, 'data.mdb')
    for (let at = 0; at < 60; at++) {
      const bytes = Buffer.from(whole)
      // The meta pages, and the heads of all pages, are where it matters.
      const offset = at < 30 ? at * 8 : ((at * 4_096) % bytes.length) + (at % 24)
      bytes.fill(0xff, offset, offset + 8)
      writeFileSync(file, at % 7 === 0 ? bytes.subarray(0, at * 500) : bytes)
      const { code, err } = await persistdict(['import', 'memory:', directory, '--keep-going'])
      expect([0, 5, 4]).toContain(code)
      if (code !== 0) expect(err).toMatch(/ERR_PERSISTDICT_CLI|persistdict: /)
      expect(err).not.toContain('    at ')
    }
  })
})

describe('LiveDict', () => {
  const keyFile = () => {
    const path = freshPath('.key')
    writeFileSync(path, KEY)
    return path
  }

  test.each(['livedict-1.db', 'livedict-1-files'])('%s comes in with its key', async (name) => {
    const store = freshPath()
    const words = ['import', store, fixture(name), '--key-file', keyFile()]
    expect(await printed(words)).toBe('3 entries imported, 1 skipped\n')
    expect(Object.fromEntries(entriesIn(store))).toEqual({
      ada: VALUES[0]?.[1],
      'for ever': [1, 2],
    })
    expect(await printed(['ttl', store, 'for ever'])).toBe('for ever\n')
    const stat = JSON.parse(await printed(['stat', store, 'ada', '--json']))
    expect(stat.expiresAt).toBe(4_102_444_800_250)
    expect(await printed(['get', store, 'ada', '-n', 'tenant'])).toBe("'of another bucket'\n")
  })

  test('needs the right key, and shows none', async () => {
    const store = freshPath()
    const words = ['import', store, fixture('livedict-1.db')]
    const without = await persistdict(words)
    expect(without).toMatchObject({ code: 2 })
    expect(without.err).toContain('--key-env NAME or --key-file FILE')
    const other = freshPath('.key')
    writeFileSync(other, Buffer.alloc(32, 'wrong'))
    const wrong = await persistdict([...words, '--key-file', other])
    expect(wrong.code).toBe(3)
    expect(wrong.err).toContain('(ERR_PERSISTDICT_LD1_BLOB)')
    expect(wrong.err).not.toContain('wrongwrong')
    expect((await persistdict([...words, '--key-env', 'NO_SUCH_KEY'])).code).toBe(2)
  })

  test('2 is refused: it has nothing but pickles', async () => {
    const { code, err } = await persistdict(['import', freshPath(), fixture('livedict-2.db')])
    expect(code).toBe(4)
    expect(err).toContain('LiveDict 2')
    expect(err).toContain('(ERR_PERSISTDICT_CLI_PICKLE)')
  })
})

describe('what is no Python store', () => {
  test('is refused, and a store of ours is to be copied', async () => {
    const [store, empty, sqlite] = [freshPath(), freshPath(), freshPath('.db')]
    mkdirSync(empty)
    await printed(['set', store, 'k', '1'])
    await printed(['set', `sqlite:${sqlite}`, 'k', '1'])
    const of = async (path: string) => (await persistdict(['import', 'memory:', path])).err
    expect(await of(store)).toContain('Use "persistdict copy"')
    expect(await of(empty)).toContain('no store of PersistDict or LiveDict')
    expect(await of(sqlite)).toContain('without a table of PersistDict or LiveDict')
    const foreign = freshPath()
    cpSync(join(store, 'g1'), foreign, { recursive: true })
    expect(await of(foreign)).toContain('it is no data file of LMDB 0.9')
  })
})

test('JSON of Python has numbers that JSON does not have', () => {
  expect(
    pythonJson('{"a": NaN, "b": [-Infinity, 9007199254740993], "c": "NaN 99999999999999999"}'),
  ).toEqual({
    a: Number.NaN,
    b: [Number.NEGATIVE_INFINITY, 9_007_199_254_740_993n],
    c: 'NaN 99999999999999999',
  })
  expect(pythonJson('[1000000000000000, 1e400, 12345678901234567890.5]')).toEqual([
    1e15,
    Number.POSITIVE_INFINITY,
    12345678901234567000,
  ])
  expect(() => pythonJson('{"a": NaNa}')).toThrow(SyntaxError)
})
