/** The main commands, on a store of each kind. */
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { freshPath, PLACES } from './places.js'
import { persistdict, printed, standing } from './program.js'

describe.each(Object.entries(PLACES))('on %s', (kind, placeOf) => {
  // A server has a clock of its own.
  const clock = kind === 'redis' ? systemClock : standing
  const says = (words: readonly string[], input?: string) =>
    printed(words, input === undefined ? { clock } : { clock, input })

  test('entries are set, read, listed, given time and deleted', async () => {
    const place = placeOf()
    await says(['set', place, 'ada', '{"n": {"$bigint": "1"}}', '-t', 'user'])
    await says(['set', place, 'b', '2', '-n', 'inner'])
    expect(await says(['get', place, 'ada'])).toBe('{ n: 1n }\n')
    expect(await says(['keys', place])).toBe('ada\n')
    expect(await says(['namespaces', place, '--json'])).toBe(
      '{"namespace":["inner"],"entries":1}\n',
    )
    expect(await says(['tags', place])).toBe('TAG   ENTRIES\nuser        1\n')
    await says(['expire', place, 'ada', '2h'])
    expect(JSON.parse(await says(['ttl', place, 'ada', '--json'])).ttlMs).toBeGreaterThan(7_000_000)
    expect(JSON.parse(await says(['stat', place, '--json']))).toMatchObject({
      store: kind,
      entries: 1,
      namespaces: 1,
    })
    expect(await says(['delete', place, 'ada'])).toBe('1 entry deleted\n')
    expect((await persistdict(['get', place, 'ada'], { clock })).code).toBe(1)
    expect(await says(['sweep', place])).toMatch(/removed\n$/)
  })

  test('what is exported is imported and copied, and comes back the same', async () => {
    const place = placeOf()
    await says(['set', place, 'plain', '{"a": [1, null]}', '--expires-at', '2100-01-01T00:00:00Z'])
    await says(['set', place, 'map', '{"$map": [[1, {"$set": []}]]}', '-t', 'x', '-t', 'y'])
    await says(['set', place, 'k', '"v"', '-n', 'outer', '-n', 'inner'])
    const lines = linesOf(await says(['export', place]))
    expect(lines).toEqual([
      { persistdict: 1, store: kind },
      { key: 'plain', value: { a: [1, null] }, expiresAt: Date.parse('2100-01-01T00:00:00Z') },
      { key: 'map', value: { $map: [[1, { $set: [] }]] }, tags: ['x', 'y'] },
      { key: 'k', value: 'v', namespace: ['outer', 'inner'] },
      { end: true, entries: 3, unreadable: 0 },
    ])

    const file = freshPath('.jsonl')
    expect(await says(['export', place, '-o', file])).toBe('3 entries exported\n')
    const other = placeOf()
    expect(await says(['import', other, file])).toBe('3 entries imported\n')
    expect(await says(['import', other, file])).toBe('3 entries imported\n')
    expect(linesOf(await says(['export', other]))).toEqual(lines)

    expect(await says(['copy', other, freshPath()])).toBe('3 entries copied, 0 equal already\n')
    expect(await says(['copy', place, other])).toBe('0 entries copied, 3 equal already\n')
  })

  test('a configuration names it', async () => {
    const [scheme = '', rest = ''] = placeOf().split(/:(.*)/s)
    const file = freshPath('.json')
    const store = rest === '' ? scheme : `${scheme}:${rest}`
    writeFileSync(file, JSON.stringify({ store, namespace: 'mine', ttl: '1h' }))
    await says(['set', file, 'k', '1'])
    expect(await says(['ttl', file, 'k'])).toMatch(/^(1h|59m \d+s)\n$/)
    expect(await says(['get', store, 'k', '-n', 'mine'])).toBe('1\n')
    await says(['set', store, 'other', '1'])
    await says(['set', file, 'k', '1', '-n', 'inner'])
    const [row, ...others] = linesOf(await says(['namespaces', file, '--json']))
    expect([row, others]).toEqual([{ namespace: ['inner'], entries: 1 }, []])
    expect(linesOf(await says(['stat', file, '--json']))).toMatchObject([
      { entries: 1, namespaces: 1 },
    ])
  })
})

/** The lines of an export, without times that differ. */
function linesOf(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { exportedAt, createdAt, updatedAt, ...rest } = JSON.parse(line)
      return rest
    })
}

describe('a place', () => {
  test('that exists tells its kind', async () => {
    const [file, sqlite] = [freshPath(), freshPath('.db')]
    await printed(['set', `file:${file}`, 'k', '1'])
    await printed(['set', `sqlite:${sqlite}`, 'k', '1'])
    expect(JSON.parse(await printed(['stat', file, '--json'])).store).toBe('file')
    expect(JSON.parse(await printed(['stat', sqlite, '--json'])).store).toBe('sqlite')
  })

  test.each(['sqlite:', 'file:', 'lmdb:'])(
    '%s that does not exist is not made by reading',
    async (scheme) => {
      const { code, err } = await persistdict(['keys', `${scheme}${freshPath()}`])
      expect(code).toBe(3)
      expect(err).toContain('There is no store at')
    },
  )

  test('with a password is refused, and the password is not shown', async () => {
    const { code, err } = await persistdict(['keys', 'redis://user:hunter2@localhost:1'])
    expect(code).toBe(2)
    expect(err).toContain('give env:NAME')
    expect(err).not.toContain('hunter2')
  })

  test('may be in the environment', async () => {
    const store = freshPath()
    await printed(['set', 'env:STORE', 'k', '1'], { env: { STORE: store } })
    expect(await printed(['get', store, 'k'])).toBe('1\n')
    expect(await persistdict(['get', 'env:STORE', 'k'])).toMatchObject({ code: 2 })
  })

  test('of no known kind is a usage error', async () => {
    const { code, err } = await persistdict(['keys', 'sqlit:x.db'])
    expect(code).toBe(2)
    expect(err).toContain('Did you mean "sqlite:"?')
  })

  test('of a server that does not answer is an error of the store', async () => {
    const { code, err } = await persistdict(['keys', 'redis://127.0.0.1:1?timeout=200ms'], {
      clock: systemClock,
    })
    expect(code).toBe(3)
    expect(err).toContain('(ERR_PERSISTDICT_UNREACHABLE)')
  })
})

test('a store with other key settings is opened with its own', async () => {
  const [file, store] = [freshPath('.json'), freshPath()]
  writeFileSync(file, JSON.stringify({ store, keySizeLimit: 64, digestBytes: 16 }))
  const key = 'x'.repeat(100)
  await printed(['set', file, key, '1'])
  expect(await printed(['get', store, key])).toBe('1\n')
})
