/**
 * Damaged and forged bytes, read through the public API: every one is a typed error or a value, soon and
 * with memory that the bytes account for. FUZZ_RECORDS sets how many; SEED replays a run.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { ByteReader } from '../../src/bytes.js'
import { crc32 } from '../../src/codec/crc32.js'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { PersistDictError } from '../../src/errors/persist-dict-error.js'
import { UnreadableRecordError } from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { type Random, randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { mutated, noise } from './mutations.js'

const RECORDS = Number(process.env.FUZZ_RECORDS ?? 100_000)

/**
 * No record of the sizes here may take longer to read, nor more memory. It takes 20 ms at the most; a slow
 * machine takes several times as long, and what has no bound takes seconds.
 */
const LONGEST_MS = 500
const MOST_BYTES = 32 * 2 ** 20
/**
 * V8's own deserializer makes a sparse array of up to 2^25 items if a few forged bytes say so; see
 * docs/reliability.md. It ends, and that is all that can be asked of it.
 */
const LONGEST_STRUCTURED_MS = 20_000
/** A collection of garbage is not slow decoding: that is slow every time. */
const TRIES = 3

const ROWS = 'rows'
const SERIALIZERS = ['msgpack', 'json', 'structured'] as const
type SerializerName = (typeof SERIALIZERS)[number]

interface Sample {
  readonly key: string
  readonly value: unknown
  readonly storageKey: Uint8Array
  readonly record: Uint8Array
}

const shared = { s: 1 }
const VALUES: readonly unknown[] = [
  null,
  'text',
  -1.5,
  { name: 'Ada', tags: ['x', 'ü'], nested: { n: 1, none: null } },
  Array.from({ length: 40 }, (_, n) => ({ n, text: `item ${n}` })),
  new Map<unknown, unknown>([['k', new Set([1, null])]]),
  [new Date(5), /a+/g, new URL('http://example.com/'), 2n ** 70n, -0, undefined],
  { vector: Float32Array.of(1, 2), bytes: Buffer.from('bytes'), error: new Error('e') },
  { twice: [shared, shared], holes: Object.assign([1], { length: 3 }), odd: '\ud800' },
]

class World {
  readonly store: SyncStore = memoryStore()
  readonly dict: PersistDict<Record<string, unknown>>
  readonly samples: readonly Sample[]
  readonly longestMs: number

  constructor(serializer: SerializerName) {
    this.longestMs = serializer === 'structured' ? LONGEST_STRUCTURED_MS : LONGEST_MS
    this.dict = open<Record<string, unknown>>(this.store, { serializer })
    this.samples = VALUES.flatMap((value, at) => [
      this.#sample(`plain ${at}`, value, {}),
      this.#sample(`long ${at} `.repeat(80), value, { ttl: '30d', tags: ['one', 'two'] }),
    ])
  }

  put(storageKey: Uint8Array, record: Uint8Array): void {
    this.store.transaction('committed', (tx) => tx.put(ROWS, storageKey, record, 0))
  }

  #sample(key: string, value: unknown, options: { ttl?: '30d'; tags?: string[] }): Sample {
    const before = new Set(this.#storageKeys())
    this.dict.set(key, value, options).flushSync()
    const added = this.#storageKeys().find((hex) => !before.has(hex)) as string
    const storageKey = Buffer.from(added, 'hex')
    return { key, value, storageKey, record: this.store.get(ROWS, storageKey) as Uint8Array }
  }

  #storageKeys(): string[] {
    return this.store.scan(ROWS, {}, 1_000).map(({ key }) => Buffer.from(key).toString('hex'))
  }
}

/** The bytes under a checksum that is right for them: as if they had been written on purpose. */
function forged(storageKey: Uint8Array, record: Uint8Array): Uint8Array {
  if (record.length < 4) return record
  const bytes = Buffer.from(record)
  bytes.writeUInt32LE(crc32(bytes, 4, bytes.length, crc32(storageKey, 0, storageKey.length, 0)))
  return bytes
}

/** Each way of reading a key. Whatever is thrown must be ours. */
const READERS: Readonly<Record<string, (dict: PersistDict, key: string) => unknown>> = {
  get: (dict, key) => dict.get(key),
  getEntry: (dict, key) => dict.getEntry(key)?.value,
  getMany: (dict, key) => dict.getMany([key])[0],
  entries: (dict, key) => new Map(dict.entries({ gte: key, lte: key })).get(key),
  has: (dict, key) => dict.has(key) || undefined,
  ttl: (dict, key) => dict.ttl(key),
  update: (dict, key) => {
    let found: unknown
    dict.update(key, (current) => {
      found = current
      return undefined
    })
    return found
  },
}

const READER_NAMES = Object.keys(READERS)

type Read = { readonly value: unknown } | { readonly error: unknown }

/** Fails if reading takes too long, each time, or throws anything but our own errors. */
function read(world: World, sample: Sample, reader: string): Read {
  let result: Read = { value: undefined }
  for (let attempt = 1; ; attempt++) {
    world.dict.clearCache()
    const start = process.cpuUsage()
    try {
      result = { value: READERS[reader]?.(world.dict, sample.key) }
    } catch (error) {
      if (!(error instanceof PersistDictError)) throw error
      result = { error }
    }
    // Of this process alone: others may have the machine meanwhile.
    const { user, system } = process.cpuUsage(start)
    const tookMs = (user + system) / 1_000
    if (tookMs < world.longestMs) return result
    if (attempt === TRIES) throw new Error(`${reader}() took ${tookMs} ms`)
  }
}

/** Reads so many mutated records; returns how many of those with a right checksum gave a value. */
function fuzz(random: Random, worlds: readonly World[], records: number): number {
  let decoded = 0
  for (let done = 0; done < records; done++) {
    const world = random.pick(worlds)
    const sample = random.pick(world.samples)
    const other = random.pick(random.pick(worlds).samples)
    const bytes =
      random.below(10) === 0 ? noise(random, 120) : mutated(random, sample.record, other.record)
    const isForged = random.below(4) > 0
    const record = isForged ? forged(sample.storageKey, bytes) : bytes
    const reader = random.pick(READER_NAMES)
    const hint = () =>
      `${reader}() of ${Buffer.from(record).toString('hex')} under ${sample.key.slice(0, 20)}`
    try {
      world.put(sample.storageKey, record)
      const result = read(world, sample, reader)
      if ('value' in result) decoded++
      const isChanged = Buffer.compare(record, sample.record) !== 0
      // Nobody may take damage for a value, nor another's record for the key's own.
      if (isChanged && !isForged && 'value' in result) throw new Error('damage was not noticed')
      if (!isChanged && 'error' in result) throw result.error
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${hint()}`, { cause: error })
    }
  }
  for (const world of worlds) {
    for (const { storageKey, record } of world.samples) world.put(storageKey, record)
    world.dict.clearCache()
  }
  return decoded
}

test(`get() and its like of ${RECORDS} damaged and forged records are a typed error or a value, and soon`, () => {
  const random = randomOf(seedOf('damaged records'))
  const worlds = SERIALIZERS.map((serializer) => new World(serializer))
  const before = process.memoryUsage()
  const decoded = fuzz(random, worlds, RECORDS)
  globalThis.gc?.()
  const after = process.memoryUsage()
  const grown = after.heapUsed + after.external - before.heapUsed - before.external
  console.log(`${RECORDS} records, ${decoded} of them decoded`)
  // Otherwise the fuzz would no longer get past the header.
  expect(decoded).toBeGreaterThan(RECORDS / 100)
  expect(grown).toBeLessThan(MOST_BYTES)
  for (const { dict, samples } of worlds) {
    for (const { key, value } of samples) expect(isDeepStrictEqual(dict.get(key), value)).toBe(true)
  }
}, 1_800_000)

test('a record under the key of another is an UnreadableRecordError', () => {
  for (const serializer of SERIALIZERS) {
    const world = new World(serializer)
    for (const sample of world.samples) {
      for (const { record, storageKey } of world.samples) {
        if (storageKey === sample.storageKey) continue
        world.put(sample.storageKey, record)
        const result = read(world, sample, 'get')
        expect('error' in result && result.error).toBeInstanceOf(UnreadableRecordError)
      }
      world.put(sample.storageKey, sample.record)
    }
  }
})

describe('a few bytes that claim to be very much', () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
  const CLAIMS: Readonly<Record<string, readonly [SerializerName, boolean, Uint8Array]>> = {
    'an array of 2^32 - 1 items': ['msgpack', false, hex('dd ffffffff')],
    'an array of 30 million items': ['msgpack', false, hex('dd 01c9c380 01')],
    'a map of 2^32 - 1 entries': ['msgpack', false, hex('df ffffffff a161 01')],
    'a text of 4 GiB': ['msgpack', false, hex('db ffffffff 61')],
    'bytes of 4 GiB': ['msgpack', false, hex('c6 ffffffff 61')],
    'an extension of 4 GiB': ['msgpack', false, hex('c9 ffffffff 42 01')],
    'a hundred thousand arrays in each other': ['msgpack', false, Buffer.alloc(100_000, 0x91)],
    'a hundred thousand brackets': ['json', false, Buffer.alloc(100_000, '[')],
    'a sparse array of 30 million holes': ['json', true, json([['h', 30_000_000]])],
    'a sparse array of 2^32 - 1 holes': ['json', true, json([['h', 2 ** 32 - 1]])],
    'twenty sparse arrays': [
      'json',
      true,
      json([['a', ...Array(20).keys()], ...Array(20).fill(['h', 33_000_000])]),
    ],
    'an item beyond its array': ['json', true, json([['h', 1, 4_294_967_294, [1]]])],
    'a name as an index': ['json', true, json([['h', 1, '__proto__', [1]]])],
    'a dense array of 2^32 - 1': ['structured', false, hex('ff0f 41 ffffffff0f')],
    'a buffer of 4 GiB': ['structured', false, hex('ff0f 42 ffffffff0f')],
    'a text of 4 GiB, structured': ['structured', false, hex('ff0f 22 ffffffff0f')],
    'a bigint of 2^30 bits': ['structured', false, hex('ff0f 5a ffffffff0f')],
  }

  test.each(Object.entries(CLAIMS))('%s costs little', (_, [serializer, isGraph, payload]) => {
    const world = new World(serializer)
    // The header of a record with that kind of payload, which is all but its last bytes.
    const sample = world.samples.find((each) => {
      const payloadBytes = lengthOfPayload(world, each)
      return payloadBytes !== undefined && isGraphSample(serializer, each) === isGraph
    }) as Sample
    const header = sample.record.subarray(
      0,
      sample.record.length - (lengthOfPayload(world, sample) as number),
    )
    world.put(sample.storageKey, forged(sample.storageKey, Buffer.concat([header, payload])))
    globalThis.gc?.()
    const before = process.memoryUsage()
    const result = read(world, sample, 'get')
    const after = process.memoryUsage()
    const grown = after.heapUsed + after.external - before.heapUsed - before.external
    expect(grown).toBeLessThan(MOST_BYTES)
    if ('error' in result) expect(result.error).toBeInstanceOf(UnreadableRecordError)
  })

  function lengthOfPayload(world: World, { key }: Sample): number | undefined {
    world.dict.clearCache()
    return world.dict.getEntry(key)?.sizeBytes
  }

  /** Which of the values take the long way through graph.ts, for a serializer. */
  function isGraphSample(serializer: SerializerName, { value }: Sample): boolean {
    return serializer !== 'structured' && value instanceof Map
  }
})

test('a reader that does not look at the end of its bytes is found', () => {
  const take = vi.spyOn(ByteReader.prototype, 'take').mockImplementation(function (
    this: ByteReader,
    length: number,
  ) {
    const part = new Uint8Array(Math.min(length, 2 ** 27))
    part.set(this.bytes.subarray(this.offset, this.offset + length).subarray(0, part.length))
    this.offset += length
    return part
  })
  try {
    const worlds = SERIALIZERS.map((serializer) => new World(serializer))
    const random = randomOf(seedOf('damaged records, no bound of length'))
    expect(() => fuzz(random, worlds, 20_000)).toThrow()
  } finally {
    take.mockRestore()
  }
})
