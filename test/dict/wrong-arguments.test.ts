/** What a program without types gets wrong: each call says what it takes, and what it was given. */
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { aesGcm } from '../../src/codec/cipher/aes-gcm.js'
import { copy } from '../../src/dict/copy/copy.js'
import { KeyError } from '../../src/errors/key-errors.js'
import { PathError } from '../../src/errors/open-errors.js'
import { OptionError } from '../../src/errors/option-error.js'
import { UnpersistableValueError } from '../../src/errors/value-errors.js'
import { fileStore } from '../../src/file.js'
import { asyncMemoryStore, memoryStore } from '../../src/memory.js'
import { open, openTyped } from '../../src/open/open.js'
import { openAsync } from '../../src/open/open-async.js'
import { tiered } from '../../src/open/tiered.js'
import { redisStore } from '../../src/redis.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** The member of a dict, without its types: as JavaScript calls it. */
type Loose = Record<string, (...args: unknown[]) => unknown>

const CALLS: readonly [call: string, args: unknown[], message: RegExp][] = [
  [
    'set',
    ['k', 1, 5_000],
    /options of set\(\) must be an object, such as \{ ttl: … \}, and were a number/,
  ],
  ['set', ['k', 1, '10m'], /options of set\(\) must be an object.* were a string/],
  ['set', ['k', 1, null], /options of set\(\) must be an object.* were null/],
  ['getMany', ['ab'], /getMany\(\) takes its keys as one iterable.* given a string/],
  ['hasMany', ['ab'], /hasMany\(\) takes its keys as one iterable.* given a string/],
  ['deleteMany', [], /deleteMany\(\) takes its keys as one iterable.* given undefined/],
  ['setMany', ['a', 1], /setMany\(\) takes \[key, value\] pairs.* given a string/],
  ['setMany', [['a', 1]], /setMany\(\) takes \[key, value\] pairs.* with a string in it/],
  ['setMany', [[undefined]], /setMany\(\) takes \[key, value\] pairs.* with undefined in it/],
  ['update', ['k', { n: 1 }], /update\(\) takes a function, and was given an object\. Use set\(\)/],
  [
    'getOrSet',
    ['k', 5],
    /getOrSet\(\) takes a function, and was given a number\. Use getOrInsert\(\)/,
  ],
  ['getOrInsertComputed', ['k', 5], /getOrInsertComputed\(\) takes a function/],
  ['forEach', [], /forEach\(\) takes a function, and was given undefined/],
  ['memoize', [5], /memoize\(\) takes a function/],
  ['memoizeMany', [], /memoizeMany\(\) takes a function/],
  ['withLock', ['k'], /withLock\(\) takes a function/],
]

describe('a wrong argument is an OptionError that says what was given', () => {
  test.each(CALLS)('%s(%j), over a synchronous store', async (call, args, message) => {
    using dict = open(memoryStore())
    const error = await failure(() => (dict as unknown as Loose)[call]?.(...args))
    expect(error).toBeInstanceOf(OptionError)
    expect(error.message).toMatch(message)
    expect(dict.size).toBe(0)
  })

  test.each(CALLS)('%s(%j), over an asynchronous one', async (call, args, message) => {
    await using dict = await openAsync(asyncMemoryStore())
    const error = await failure(() => (dict as unknown as Loose)[call]?.(...args))
    expect(error).toBeInstanceOf(OptionError)
    expect(error.message).toMatch(message)
    expect(await dict.size()).toBe(0)
  })

  test('transaction() without a function', () => {
    using dict = open(memoryStore())
    expect(() => dict.transaction(5 as never)).toThrow(/transaction\(\) takes a function/)
  })

  test('a function of memoizeMany() with one string in place of a list calls nothing', async () => {
    using dict = open(memoryStore())
    let calls = 0
    const embed = dict.memoizeMany(
      (texts: string[]) => {
        calls++
        return texts.map((text) => text.length)
      },
      { name: 'embed' },
    )
    await expect(embed('one text')).rejects.toThrow(/"embed" takes its items as one iterable/)
    expect(calls).toBe(0)
  })

  test('setMany() still takes pairs of any iterable, and plain objects', () => {
    using dict = open<Record<string, number>>(memoryStore())
    dict
      .setMany(new Map([['a', 1]]))
      .setMany({ b: 2 })
      .setMany([])
    dict.setMany(Object.assign(Object.create(null), { c: 3 }))
    expect(dict.toObject()).toEqual({ a: 1, b: 2, c: 3 })
  })

  test('copy() of what is no dict', async () => {
    using dict = open(memoryStore())
    await expect(copy('./a' as never, dict)).rejects.toThrow(/"from" was a string/)
    await expect(copy(dict, undefined as never)).rejects.toThrow(/"to" was undefined/)
  })

  test('tiered() and redisStore() without an object of options', () => {
    expect(() => tiered(undefined as never)).toThrow(/options of tiered\(\).* were undefined/)
    expect(() => redisStore('redis://localhost' as never)).toThrow(
      /such as \{ url: … \}.* a string/,
    )
  })
})

describe('open()', () => {
  const refused: readonly [place: unknown, message: RegExp][] = [
    ['redis://:secret@localhost:6379', /given an address\. Give a store, such as sqliteStore/],
    ['sqlite:app.db', /given an address/],
    ['file:./cache', /given an address/],
    [new URL('file:///tmp/x'), /given a URL\. Use fileURLToPath/],
    [asyncMemoryStore(), /given an asynchronous store\. Use openAsync/],
    ['', /given an empty string/],
    [undefined, /given undefined/],
    [{ path: './cache' }, /given an object/],
  ]

  test.each(refused)('refuses %s as the place of a dict', (place, message) => {
    const refusal = () => open(place as never)
    expect(refusal).toThrow(OptionError)
    expect(refusal).toThrow(message)
    expect(refusal).not.toThrow(/secret/)
  })

  test.each([
    [{ compress: true }, /"compress" of open\(\) is wrong: it takes/],
    [{ serializer: 'yaml' }, /"serializer" of open\(\) is wrong: must be 'msgpack', 'json'/],
    [{ cipher: 'aes' }, /"cipher" of open\(\) is wrong: must be a cipher such as aesGcm/],
    [{ background: 'off' }, /"background" of open\(\) is wrong: must be true, false or/],
    ['sync', /options of open\(\) must be an object/],
  ])('refuses the options %j with what they may be', (options, message) => {
    expect(() => open(memoryStore(), options as never)).toThrow(OptionError)
    expect(() => open(memoryStore(), options as never)).toThrow(message)
  })

  test('aesGcm() names the type of what is no key', () => {
    expect(() => aesGcm({ keys: [{}] as never })).toThrow(/and was an object/)
  })

  test('refuses a directory that holds a store of another kind, in which it would look empty', () => {
    const [files, lmdb] = [tempDirectory(), tempDirectory()]
    open(fileStore(files)).set('a', 1).close()
    open(lmdb).set('a', 1).close()
    expect(() => open(files)).toThrow(PathError)
    expect(() => open(files)).toThrow(/which open\(fileStore\(path\)\) opens/)
    expect(() => fileStore(lmdb)).toThrow(/which open\(path\) opens/)
    using again = open(fileStore(files))
    expect(again.get('a')).toBe(1)
  })

  test('openTyped() refuses a shape without schemas', () => {
    expect(() => openTyped(memoryStore(), undefined as never)).toThrow(/given undefined/)
    const shape = { user: z.string(), visits: 5 } as never
    expect(() => openTyped(memoryStore(), shape)).toThrow(/"visits" has none/)
  })
})

describe('messages', () => {
  test('a key of a wrong type is named without a grammatical slip', () => {
    using dict = open(memoryStore())
    expect(() => dict.get(undefined as never)).toThrow(KeyError)
    expect(() => dict.get(undefined as never)).toThrow('and was undefined.')
    expect(() => dict.get(['a'] as never)).toThrow('and was an array.')
  })

  test('an instance of a class, and an object that inherits from none', () => {
    class User {}
    using dict = open(memoryStore())
    expect(() => dict.set('k', new User())).toThrow('an instance of User would come back')
    expect(() => dict.set('k', process.env)).toThrow(UnpersistableValueError)
    expect(() => dict.set('k', process.env)).toThrow(/inherits from another.*\{ \.\.\.value \}/)
  })

  test('increment() by a string says so', () => {
    using dict = open(memoryStore())
    expect(() => dict.increment('n', '5' as never)).toThrow('was given a string.')
  })
})

describe('console.log() of a dict', () => {
  test('shows its entries, as of a Map', () => {
    using dict = open(memoryStore())
    dict.set('ada', { born: 1815 }).namespace('other').set('x', 1)
    expect(inspect(dict)).toBe("PersistDict(1) { 'ada' => { born: 1815 } }")
    expect(inspect({ dict }, { depth: 0 })).toBe('{ dict: [PersistDict] }')
    expect(inspect(open(memoryStore()))).toBe('PersistDict(0) {}')
  })

  test('shows a hundred of many, and says that there are more', () => {
    using dict = open<Record<string, number>>(memoryStore())
    dict.setMany(Array.from({ length: 101 }, (_, i) => [`key ${i}`, i] as const))
    const text = inspect(dict)
    expect(text).toMatch(/^PersistDict\(more than 100\) \{/)
    expect(text).toMatch(/… more entries\n\}$/)
    expect(text.match(/=>/g)).toHaveLength(100)
  })

  test('says that it is closed', () => {
    const dict = open(memoryStore())
    dict.close()
    expect(inspect(dict)).toBe('[closed PersistDict]')
  })

  test('shows nothing of an encrypted dict, unless debugKeys asks', () => {
    const cipher = aesGcm({ keys: [Buffer.alloc(32, 1)] })
    using quiet = open(memoryStore(), { cipher })
    using telling = open(memoryStore(), { cipher, debugKeys: true })
    for (const dict of [quiet, telling]) dict.set('SecretKey', 'SecretValue')
    expect(inspect({ quiet })).toBe('{ quiet: [encrypted PersistDict] }')
    expect(inspect(telling)).toBe("PersistDict(1) { 'SecretKey' => 'SecretValue' }")
  })
})

describe('errors that are kept by errorTtl', () => {
  test('keep name, message and plain properties, if their class cannot be stored', async () => {
    class ApiError extends Error {
      override name = 'ApiError'
      readonly status = 429
      readonly response = new Response('')
    }
    using dict = open(memoryStore())
    const ask = () =>
      dict.getOrSet(
        'k',
        () => {
          throw new ApiError('slow down')
        },
        { errorTtl: '1m' },
      )
    await expect(ask()).rejects.toBeInstanceOf(ApiError)
    const kept = await failure(ask)
    expect(kept).toMatchObject({ name: 'ApiError', message: 'slow down', status: 429 })
    expect(kept.stack).toMatch(/slow down/)
  })
})

async function failure(run: () => unknown): Promise<Error> {
  try {
    await run()
  } catch (error) {
    return error as Error
  }
  throw new Error('It did not fail.')
}
