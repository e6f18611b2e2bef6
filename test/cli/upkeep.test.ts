/** check, repair, compact, backup, tags, rotate-keys and watch. */
import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { nextTurn, systemClock } from '../../src/clock.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { freshPath, PLACES } from './places.js'
import { persistdict, printed } from './program.js'

/** Flips a bit in the record of the only entry. */
function damage(store: string): void {
  const lmdb = lmdbStore(store)
  lmdb.transaction('synced', (tx) => {
    for (const { key, record } of tx.scan('rows', {}, 10)) {
      const bytes = Buffer.from(record)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      tx.put('rows', key, bytes, 0)
    }
  })
  lmdb.close()
}

describe('check and repair', () => {
  test('of a sound store', async () => {
    const store = freshPath()
    await printed(['set', store, 'k', '1'])
    expect(await printed(['check', store])).toBe('1 entry looked at, nothing found\n')
    expect(await printed(['repair', store])).toBe('1 entry looked at, nothing found\n')
    const facts = JSON.parse(await printed(['check', store, '--json']))
    expect(facts).toMatchObject({ entries: 1, findings: 0, repaired: 0, quarantined: 0 })
  })

  test('of a damaged one', async () => {
    const store = freshPath()
    await printed(['set', store, 'k', '"value"'])
    damage(store)
    const found = await persistdict(['check', store])
    expect(found.code).toBe(1)
    expect(found.out).toMatch(
      /^KIND {4}NAMESPACE {2}KEY {2}REPAIRED {2}WHAT\nrecord {2}\/ {10}k {4}no {8}/,
    )
    expect(found.out).toMatch(/\n1 entry looked at, 1 finding\n$/)
    const [finding, sum] = (await persistdict(['check', store, '--json'])).out.trim().split('\n')
    expect(JSON.parse(finding ?? '')).toMatchObject({ kind: 'record', key: 'k', isRepaired: false })
    expect(JSON.parse(sum ?? '')).toMatchObject({ findings: 1 })

    const repaired = await persistdict(['repair', store])
    expect(repaired.code).toBe(0)
    expect(repaired.out).toMatch(/1 finding, 1 repaired, 1 record in quarantine\n$/)
    expect(await printed(['repair', store, '--restore'])).toBe('0 records restored\n')
    expect(await printed(['repair', store, '--discard'])).toBe('1 record discarded\n')
    expect((await persistdict(['repair', store, '--restore', '--discard'])).code).toBe(2)
  })
})

describe('backup, restore and compact', () => {
  test('say how large it is', async () => {
    const [store, directory] = [freshPath(), freshPath()]
    await printed(['set', store, 'k', '1'])
    expect(await printed(['backup', store, directory])).toMatch(/^\d+\.\d KiB in .+\n$/)
    expect(await printed(['get', directory, 'k'])).toBe('1\n')
    expect(await printed(['compact', store])).toMatch(/^\d+\.\d KiB before, \d+\.\d KiB after\n$/)
    const again = await persistdict(['backup', store, directory])
    expect(again).toMatchObject({ code: 3, out: '' })
  })

  test('bring a store back, as it was or into another kind', async () => {
    const [store, directory, again] = [freshPath(), freshPath(), freshPath()]
    await printed(['set', store, 'k', '1', '-t', 'x', '--ttl', '1h'])
    await printed(['set', store, 'k', '2', '-n', 'inner'])
    await printed(['backup', store, directory])
    expect(await printed(['restore', directory, again])).toMatch(/^\d+\.\d KiB restored\n$/)
    expect(await printed(['stat', again, 'k'])).toBe(await printed(['stat', store, 'k']))

    const file = `file:${freshPath()}`
    expect(await printed(['restore', directory, file])).toBe('2 entries restored\n')
    expect(await printed(['get', file, 'k', '-n', 'inner'])).toBe('2\n')
    await printed(['set', file, 'mine', '1'])
    const refused = await persistdict(['restore', directory, file])
    expect(refused).toMatchObject({ code: 3, out: '' })
    expect(refused.err).toContain('(ERR_PERSISTDICT_CLI_NOT_EMPTY)')
    expect(await printed(['restore', directory, file, '--merge', '--json'])).toBe(
      '{"restored":2}\n',
    )
    expect(await printed(['keys', file])).toBe('k\nmine\n')
    expect((await persistdict(['restore', freshPath(), again])).err).toContain(
      'There is no backup at',
    )
  })

  test('bring back a SQLite store by the directory of its backup', async () => {
    const [directory, again] = [freshPath(), freshPath()]
    const store = PLACES.sqlite?.() ?? ''
    await printed(['set', store, 'k', '1'])
    await printed(['backup', store, directory])
    expect(await printed(['restore', directory, again])).toBe('1 entry restored\n')
    expect(await printed(['get', again, 'k'])).toBe('1\n')
  })

  test('are refused, with a code of its own, where there are no files to copy', async () => {
    const store = PLACES.file?.() ?? ''
    await printed(['set', store, 'k', '1'])
    const { code, err } = await persistdict(['backup', store, freshPath()])
    expect(code).toBe(4)
    expect(err).toMatch(/^persistdict: .+ \(ERR_PERSISTDICT_UNSUPPORTED\)\n$/)
  })
})

describe('tags', () => {
  test('are listed and invalidated', async () => {
    const store = freshPath()
    await printed(['set', store, 'a', '1', '-t', 'x', '-t', 'y'])
    await printed(['set', store, 'b', '1', '-t', 'y'])
    expect(await printed(['tags', store])).toBe('TAG  ENTRIES\ny          2\nx          1\n')
    expect(await printed(['tags', store, '--invalidate', 'x'])).toBe('1 tag invalidated\n')
    expect(await printed(['keys', store])).toBe('b\n')
    expect(await printed(['tags', store, '--json'])).toBe('{"tag":"y","entries":1}\n')
  })
})

describe('rotate-keys', () => {
  test('seals anew what the old key sealed, and shows no key', async () => {
    const [file, store] = [freshPath('.json'), freshPath()]
    const keys = ['first', 'second'].map((word) => {
      const path = freshPath('.key')
      writeFileSync(path, Buffer.alloc(32, word))
      return { file: path }
    })
    const configure = (ring: unknown) =>
      writeFileSync(file, JSON.stringify({ store, cipher: { kind: 'aes-256-gcm', keys: ring } }))
    configure(keys.slice(0, 1))
    await printed(['set', file, 'k', '"secret"'])
    configure(keys.toReversed())
    expect(await printed(['rotate-keys', file])).toMatch(/^\d+ rows sealed anew\n$/)
    configure(keys.slice(1))
    expect(await printed(['get', file, 'k'])).toBe("'secret'\n")

    configure(keys.slice(0, 1))
    const wrong = await persistdict(['get', file, 'k'])
    expect(wrong.code).toBe(3)
    expect(wrong.err).not.toContain('firstfirst')
  })

  test('of a store that is not encrypted is a usage error', async () => {
    const store = freshPath()
    await printed(['set', store, 'k', '1'])
    expect((await persistdict(['rotate-keys', store])).code).toBe(2)
  })
})

describe('watch', () => {
  test('prints changes as they are committed', async () => {
    const store = freshPath()
    const clock = systemClock
    await printed(['set', store, 'k', '1'], { clock })
    const ending = new AbortController()
    let text = ''
    const watching = persistdict(['watch', store, '--values'], {
      signal: ending.signal,
      clock,
      onOutput(piece) {
        text += piece
        if (text.includes('delete')) ending.abort()
      },
    })
    // It hears of what comes after it has begun: told again until it is heard.
    while (!text.includes('ready')) {
      await printed(['set', store, 'ready', '1'], { clock })
      await nextTurn()
    }
    await printed(['set', store, 'k', '{"n": 2}', '-n', 'inner'], { clock })
    await printed(['delete', store, 'k'], { clock })
    expect((await watching).code).toBe(130)
    expect(text.replace(/set {5}ready {2}1\n/g, '')).toBe(
      'set     inner  k  { n: 2 }\ndelete  k  1\n',
    )
  })
})
