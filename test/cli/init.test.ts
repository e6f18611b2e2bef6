import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { freshPath } from './places.js'
import { persistdict, printed } from './program.js'

describe('init', () => {
  test('asks, and writes what was answered', async () => {
    const [file, store] = [freshPath('.json'), freshPath()]
    // A preset, the place, and Enter to all the rest.
    const input = `simple\n${store}\n10m\n${'\n'.repeat(10)}`
    const { code, out, err } = await persistdict(['init', file], { input })
    expect({ code, out }).toEqual({
      code: 0,
      out: `${file} is written. Use it as a store: persistdict keys ${file}\n`,
    })
    expect(err).toContain('What is it for?')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      store: { kind: 'lmdb', path: store },
      ttl: '10m',
    })
    await printed(['set', file, 'k', '1'])
    expect(await printed(['ttl', store, 'k'])).toBe('10m\n')
  })

  test('asks nothing with --preset or --store', async () => {
    const [file, store] = [freshPath('.yaml'), freshPath()]
    expect(await printed(['init', file, '--store', store, '--json'])).toBe(
      `${JSON.stringify({ file })}\n`,
    )
    await printed(['set', file, 'k', '1'])
    expect(await printed(['keys', store])).toBe('k\n')
    expect((await persistdict(['init', freshPath('.json'), '--preset', 'best'])).code).toBe(2)
  })

  test('refuses a password on the command line, as every command does', async () => {
    const file = freshPath('.json')
    const outcome = await persistdict(['init', file, '--store', 'redis://me:hunter2@host'])
    expect(outcome).toMatchObject({ code: 2, out: '' })
    expect(outcome.err).not.toContain('hunter2')
    expect(existsSync(file)).toBe(false)
  })

  test('leaves a file alone that is there, and writes nothing if the answers end', async () => {
    const [file, other] = [freshPath('.json'), freshPath('.json')]
    writeFileSync(file, '{}')
    const { code, err } = await persistdict(['init', file])
    expect(code).toBe(2)
    expect(err).toContain('is there already')
    expect((await persistdict(['init', other], { input: 'simple\n' })).code).toBe(2)
    expect(existsSync(other)).toBe(false)
  })
})
