import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, test } from 'vitest'
import { open } from '../../src/open/open.js'
import { FakeClock } from '../fake-clock.js'
import { VALUES } from '../golden/values.js'
import { freshPath } from './places.js'
import { NOW, persistdict, printed } from './program.js'

describe('export', () => {
  test('prints, to the letter', async () => {
    const store = freshPath()
    await printed(['set', store, 'a', '1', '--ttl', '1h', '-t', 'x'])
    expect(await printed(['export', store])).toBe(
      `{"persistdict":1,"exportedAt":${NOW},"store":"lmdb"}\n` +
        `{"key":"a","value":1,"tags":["x"],"expiresAt":${NOW + 3_600_000},"createdAt":${NOW},"updatedAt":${NOW}}\n` +
        '{"end":true,"entries":1,"unreadable":0}\n',
    )
  })

  test('and import bring back every value, in the order of insertion', async () => {
    const [from, to, file] = [freshPath(), freshPath(), freshPath('.jsonl')]
    const clock = new FakeClock(NOW)
    const source = open<Record<string, unknown>>(from, { clock })
    const keys = ['z', '__proto__', '', 'a\n\0', '\ud800', 'x'.repeat(1_000)]
    for (const [at, key] of keys.entries()) source.set(key, Object.values(VALUES)[at % 4])
    for (let at = 0; at < 600; at++) source.set(`many ${at}`, at)
    source.close()
    await printed(['export', from, '-o', file])
    await printed(['import', to, file])
    const [a, b] = [open(from), open(to)]
    expect([...b.keys({ order: 'insertion' })]).toEqual([...a.keys({ order: 'insertion' })])
    expect(b.toObject()).toEqual(a.toObject())
    a.close()
    b.close()
  })

  test('and import bring back tags, deadlines and times to the millisecond', async () => {
    const [from, to, file] = [freshPath(), freshPath(), freshPath('.jsonl')]
    const clock = new FakeClock(NOW - 7_777)
    const source = open<Record<string, number>>(from, { clock })
    for (let at = 0; at < 5; at++) {
      source.set(`k ${at}`, at, { tags: [`t ${at % 2}`], expiresAt: NOW + 86_400_000 + at })
      clock.advance(10)
    }
    source.set('k 1', 7, { keepTtl: true, tags: ['u'] })
    source.close()
    await printed(['export', from, '-o', file])
    await printed(['set', to, 'k 2', '"there already"'])
    await printed(['import', to, file])
    const [a, b] = [from, to].map((path) => open(path, { clock }))
    const facts = (dict = a) =>
      Array.from(dict?.keys() ?? [], (key) => ({ ...dict?.getEntry(key), version: 0 }))
    expect(facts(b)).toEqual(facts(a))
    expect(facts(b)[1]).toMatchObject({ createdAt: NOW - 7_767, updatedAt: NOW - 7_727 })
    a?.close()
    b?.close()
  })

  test('of a namespace names those within it from there', async () => {
    const store = freshPath()
    await printed(['set', store, 'a', '1', '-n', 'n'])
    await printed(['set', store, 'b', '2', '-n', 'n', '-n', 'm'])
    const lines = (text: string) =>
      text
        .split('\n')
        .slice(1, -2)
        .map((line) => JSON.parse(line))
    expect(lines(await printed(['export', store, '-n', 'n']))).toMatchObject([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, namespace: ['m'] },
    ])
    expect(lines(await printed(['export', store, '-n', 'n', '--alone']))).toHaveLength(1)
  })

  test('leaves out what cannot be read, and says so', async () => {
    class Point {}
    const store = freshPath()
    const types = { point: { class: Point, serialize: () => 0, deserialize: () => new Point() } }
    const dict = open<Record<string, unknown>>(store, { types })
    dict.set('good', 1)
    dict.set('odd', new Point())
    dict.close()
    const file = freshPath('.jsonl')
    const { code, err } = await persistdict(['export', store, '-o', file])
    expect(code).toBe(1)
    expect(err).toContain('persistdict: odd was left out: The record of key "odd" cannot be read')
    expect(readFileSync(file, 'utf8')).toContain('{"end":true,"entries":1,"unreadable":1}')
  })

  test('into a file keeps its permissions, and a link that leads to it', async () => {
    const [store, file, link] = [freshPath(), freshPath('.jsonl'), freshPath()]
    await printed(['set', store, 'a', '1'])
    writeFileSync(file, 'before', { mode: 0o600 })
    symlinkSync(file, link)
    await printed(['export', store, '-o', link])
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(lstatSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toBe(await printed(['export', store]))
  })

  test('into what is no file writes there, and does not replace it', async () => {
    const [store, pipe] = [freshPath(), freshPath()]
    await printed(['set', store, 'a', '1'])
    execFileSync('mkfifo', [pipe])
    const reader = openSync(pipe, 'r+')
    await printed(['export', store, '-o', pipe])
    expect(lstatSync(pipe).isFIFO()).toBe(true)
    const bytes = Buffer.alloc(4_096)
    const length = readSync(reader, bytes)
    closeSync(reader)
    expect(bytes.toString('utf8', 0, length)).toBe(await printed(['export', store]))
  })

  test('into a file that cannot be made leaves nothing', async () => {
    const store = freshPath()
    await printed(['set', store, 'a', '1'])
    const outcome = await persistdict(['export', store, '-o', '/nowhere/x.jsonl'])
    expect(outcome).toMatchObject({ code: 5, out: '' })
    expect(outcome.err).toContain('(ENOENT)')
    const ending = AbortSignal.abort(new Error('enough'))
    const file = freshPath('.jsonl')
    expect((await persistdict(['export', store, '-o', file], { signal: ending })).code).toBe(130)
    expect([existsSync(file), existsSync(`${file}.draft`)]).toEqual([false, false])
  })
})

describe('import', () => {
  test('takes lines made by hand', async () => {
    const store = freshPath()
    const input =
      '\n{"key": "a", "value": {"$date": null}}\r\n{"key": 7, "value": 1, "tags": ["t"]}'
    expect(await printed(['import', store], { input })).toBe('2 entries imported\n')
    expect(await printed(['keys', store])).toBe('7\na\n')
    expect(await printed(['import', store, '-', '--json', '-n', 'n'], { input })).toBe(
      '{"imported":2,"skipped":0,"wrong":0}\n',
    )
  })

  test('skips what has expired, and with --keep-existing what is there', async () => {
    const store = freshPath()
    await printed(['set', store, 'a', '"mine"'])
    const input = [
      { key: 'a', value: 'theirs' },
      { key: 'b', value: 1, expiresAt: NOW - 1 },
      { key: 'c', value: 1, expiresAt: NOW + 1_000 },
      { key: 'c', value: 2 },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n')
    const words = ['import', store, '--keep-existing']
    expect(await printed(words, { input })).toBe('1 entry imported, 3 skipped\n')
    expect(await printed(['get', store, 'a'])).toBe("'mine'\n")
    expect(await printed(['keys', store])).toBe('a\nc\n')
  })

  test.each([
    ['{oops', 'Line 2 is not JSON: '],
    ['[1]', 'Line 2 is not an object of JSON.'],
    ['{"key": "b"}', 'Line 2 has no "key" and "value".'],
    ['{"key": "b", "value": 1, "tags": "x"}', 'Line 2 has a wrong "tags".'],
    ['{"key": "b", "value": 1, "expiresAt": "soon"}', 'Line 2 has a wrong "expiresAt".'],
    ['{"key": "b", "value": 1, "createdAt": "once"}', 'Line 2 has a wrong "createdAt".'],
    ['{"key": "b", "value": 1, "updatedAt": 1.5}', 'Line 2 has a wrong "updatedAt".'],
    ['{"key": "b", "value": 1, "createdAt": -1}', 'Line 2 has a wrong "createdAt".'],
    [
      `{"key": "b", "value": 1, "createdAt": ${NOW + 1}}`,
      'Line 2 has a "createdAt" in the future.',
    ],
    [
      `{"key": "b", "value": 1, "updatedAt": ${NOW + 1}}`,
      'Line 2 has a "updatedAt" in the future.',
    ],
    ['{"key": "b", "value": {"$map": 1}}', 'Line 2 has a "$map" that is not an array.'],
    ['{"persistdict": 2, "exportedAt": 1}', 'Line 2 begins an export of form 2'],
  ])('stops at %j, and keeps what came before', async (line, message) => {
    const store = freshPath()
    const input = `{"key": "a", "value": 1}\n${line}\n{"key": "c", "value": 3}\n`
    const outcome = await persistdict(['import', store], { input })
    expect(outcome).toMatchObject({ code: 5, out: '' })
    expect(outcome.err).toContain(message)
    expect(await printed(['keys', store])).toBe('a\n')
    const going = await persistdict(['import', store, '--keep-going'], { input })
    expect(going).toMatchObject({ code: 5, out: '2 entries imported, 1 line wrong\n' })
    expect(await printed(['keys', store])).toBe('a\nc\n')
  })

  test('notices that an export was cut off', async () => {
    const store = freshPath()
    const input = `{"persistdict":1,"exportedAt":${NOW}}\n{"key":"a","value":1}\n`
    const { code, err } = await persistdict(['import', store], { input })
    expect(code).toBe(5)
    expect(err).toContain('The export was cut off: line 2 is its last')
    expect(await printed(['keys', store])).toBe('a\n')
  })

  test('refuses what is not UTF-8, and a file that is not there', async () => {
    const store = freshPath()
    const bytes = await persistdict(['import', store], { input: Buffer.from([0xff, 0x0a]) })
    expect(bytes).toMatchObject({ code: 5 })
    expect(bytes.err).toContain('The input is not UTF-8.')
    const file = freshPath('.jsonl')
    expect((await persistdict(['import', store, file])).err).toContain(
      `There is no file "${file}".`,
    )
  })

  test('reads characters that two chunks share', async () => {
    const [store, file] = [freshPath(), freshPath('.jsonl')]
    const text = 'ü€😀'.repeat(20_000)
    writeFileSync(file, `${JSON.stringify({ key: 'k', value: text })}\n`)
    await printed(['import', store, file])
    expect(await printed(['get', store, 'k', '--raw'])).toBe(text)
  })
})

test('progress is drawn on a terminal only, on standard error', async () => {
  const store = freshPath()
  await printed(['set', store, 'a', '1'])
  const seen = await persistdict(['export', store], { isTerminal: true })
  expect(seen.err).toBe(`\r\x1b[Kexporting [${'#'.repeat(24)}] 100% 1/1\r\x1b[K`)
  expect((await persistdict(['export', store])).err).toBe('')
})
