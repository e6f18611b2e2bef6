/** Keys whose digests are the same: all are told apart. */
import { describe, expect, test } from 'vitest'
import type { KeyHash } from '../../src/index.js'
import { FakeClock } from '../fake-clock.js'
import { all, FACES, sizeOf } from './faces.js'

const oneDigest: KeyHash = { id: 'one digest', digest: () => new Uint8Array(32) }

/** Keys over 40 bytes are hashed, and keep 7 bytes of their beginning. */
const SETTINGS = { keyHash: oneDigest, keySizeLimit: 40, digestBytes: 28 }

const keyOf = (name: string) => `prefix-${name}`.padEnd(60, '.')
const KEYS = ['a', 'b', 'c', 'd', 'e'].map(keyOf) as [string, string, string, string, string]

describe.each(FACES.filter((face) => face.isAtomicAcrossKeys))('$name', ({ newPlace }) => {
  test('keys with one digest are set, read, counted, walked and deleted one by one', async () => {
    const dict = await newPlace()<Record<string, number>>(SETTINGS)
    for (const [at, key] of KEYS.entries()) await dict.set(key, at)
    expect(await dict.getMany(KEYS)).toEqual([0, 1, 2, 3, 4])
    expect(await sizeOf(dict)).toBe(5)
    expect((await all(dict.keys())).sort()).toEqual(KEYS)
    expect(await dict.delete(KEYS[1])).toBe(true)
    expect(await dict.delete(KEYS[3])).toBe(true)
    expect(await dict.getMany(KEYS)).toEqual([0, undefined, 2, undefined, 4])
    expect(await sizeOf(dict)).toBe(3)
    await dict.set(KEYS[3], 30)
    expect(await all(dict.keys({ order: 'insertion' }))).toEqual([
      KEYS[0],
      KEYS[2],
      KEYS[4],
      KEYS[3],
    ])
    await dict.delete(KEYS[0])
    expect(await dict.getMany(KEYS)).toEqual([undefined, undefined, 2, 30, 4])
  })

  test('setMany() of keys with one digest stores all of them', async () => {
    const dict = await newPlace()<Record<string, number>>(SETTINGS)
    await dict.set(KEYS[2], 20)
    await dict.setMany(KEYS.map((key, at) => [key, at] as const))
    expect(await dict.getMany(KEYS)).toEqual([0, 1, 2, 3, 4])
    expect(await sizeOf(dict)).toBe(5)
    expect(await dict.deleteMany(KEYS)).toBe(5)
    expect(await sizeOf(dict)).toBe(0)
  })

  test('increments of keys with one digest, all at once, lose none', async () => {
    const dict = await newPlace()<Record<string, number>>(SETTINGS)
    const tasks = Array.from({ length: 25 }, (_, at) => dict.increment(KEYS[at % 5] as string))
    await Promise.all(tasks)
    expect(await dict.getMany(KEYS)).toEqual([5, 5, 5, 5, 5])
    expect(await sizeOf(dict)).toBe(5)
  })

  test('a key whose neighbour has expired is still found', async () => {
    const clock = new FakeClock(Date.now() + 1_000)
    const dict = await newPlace()<Record<string, number>>({ ...SETTINGS, clock })
    await dict.set(KEYS[0], 0, { ttl: 60_000 })
    await dict.set(KEYS[1], 1)
    await dict.set(KEYS[2], 2, { ttl: 60_000 })
    clock.advance(60_000)
    await dict.sweep()
    expect(await dict.getMany(KEYS)).toEqual([undefined, 1, undefined, undefined, undefined])
    expect(await sizeOf(dict)).toBe(1)
    await dict.set(KEYS[1], 11)
    await dict.set(KEYS[2], 22)
    expect(await sizeOf(dict)).toBe(2)
    expect((await all(dict.keys())).sort()).toEqual([KEYS[1], KEYS[2]])
  })
})

describe.each(FACES.filter((face) => !face.isAtomicAcrossKeys))('$name', ({ newPlace }) => {
  test('a second key with the digest of another is refused, and the first one stays', async () => {
    // Hidden names have digests of their own, of which there are 256.
    const dict = await newPlace()<Record<string, number>>({
      ...SETTINGS,
      keySizeLimit: 6,
      digestBytes: 1,
    })
    const keys: string[] = []
    let refusal: unknown
    while (refusal === undefined && keys.length <= 256) {
      const key = keyOf(`${keys.length}`)
      const refused = await dict.set(key, keys.length).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refused === undefined) keys.push(key)
      else refusal = { error: refused, value: await dict.get(key) }
    }
    expect(refusal).toMatchObject({ error: { code: 'ERR_PERSISTDICT_KEY' }, value: undefined })
    expect(await dict.getMany(keys)).toEqual(keys.map((_, at) => at))
  })
})
