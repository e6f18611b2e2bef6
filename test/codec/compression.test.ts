/** Compressed payloads: smaller where that helps, the same values, and no bombs. */
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { varintLength, writeVarint } from '../../src/bytes.js'
import { Compression } from '../../src/codec/compression.js'
import {
  builtInCompressor,
  type Compressor,
  type CompressorName,
  hasZstd,
} from '../../src/codec/compressor.js'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import { ValueTooLongError } from '../../src/errors/value-errors.js'
import { OptionError, open, UnreadableRecordError } from '../../src/index.js'
import { memoryStore } from '../../src/store/memory.js'
import { opened, STORE_KINDS } from '../dict/opened.js'
import { tempDirectory } from '../processes/temp-directory.js'

const NAMES: readonly CompressorName[] = hasZstd()
  ? ['gzip', 'brotli', 'deflate', 'zstd']
  : ['gzip', 'brotli', 'deflate']

const TEXT = 'to be or not to be, that is the question. '.repeat(50)

/** Counts runs of one byte. */
const runs = (id: string): Compressor => ({
  id,
  compress(bytes) {
    const out: number[] = []
    for (let at = 0; at < bytes.length; ) {
      let end = at
      while (end < bytes.length && bytes[end] === bytes[at] && end - at < 255) end++
      out.push(end - at, bytes[at] as number)
      at = end
    }
    return Uint8Array.from(out)
  },
  decompress(bytes) {
    const out: number[] = []
    for (let at = 0; at < bytes.length; at += 2) {
      out.push(...Array<number>(bytes[at] as number).fill(bytes[at + 1] as number))
    }
    return Uint8Array.from(out)
  },
})

describe.each(NAMES)('compress: %s', (name) => {
  test.each(STORE_KINDS)('get() brings back what shrank and what did not, on %s', (kind) => {
    const dict = opened(kind, { compress: name })
    const noise = Buffer.from(Array.from({ length: 4_000 }, (_, at) => (at * at * 7919) >> 5))
    const values = { text: TEXT, short: 'a', noise, graph: new Map([[TEXT, new Date(0)]]) }
    dict.setMany(values)
    expect(dict.toObject()).toEqual(values)
    dict.flushSync()
    dict.clearCache()
    expect(dict.toObject()).toEqual(values)
    expect(dict.get('graph')).toEqual(values.graph)
    dict.expire('text', '1d')
    expect(dict.get('text')).toBe(TEXT)
    // As if it had not been compressed: what readers get is as long as before.
    expect(dict.getEntry('text')?.sizeBytes).toBeGreaterThan(TEXT.length)
  })

  test('compress() leaves alone what is short or does not shrink', () => {
    const compression = new Compression({ use: name, thresholdBytes: 100 })
    expect(compression.compress(Buffer.alloc(99))).toBeUndefined()
    expect(compression.compress(Buffer.alloc(100))?.length).toBeLessThan(60)
    const random = crypto.getRandomValues(Buffer.alloc(1_000))
    expect(compression.compress(random)).toBeUndefined()
  })

  test('decompress() of damaged bytes throws, or gives as many bytes as there were', () => {
    const compression = new Compression(name)
    const code = builtInCompressor(name).code
    const packed = compression.compress(Buffer.from(TEXT)) as Uint8Array
    for (let at = 0; at < packed.length; at++) {
      const damaged = Uint8Array.from(packed)
      damaged[at] = (damaged[at] as number) ^ 0xff
      try {
        const raw = compression.decompress(code, damaged, 10_000)
        expect(raw.length).toBeLessThanOrEqual(10_000)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }
  })
})

describe('bombs', () => {
  const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20))
  const packed = (claimed: number) => {
    const head = Buffer.alloc(varintLength(claimed))
    writeVarint(head, 0, claimed)
    return Buffer.concat([head, bomb])
  }

  test('decompress() refuses a value that says it is too long, without looking at it', () => {
    const call = () => new Compression().decompress(1, packed(50 * 2 ** 20), 2 ** 20)
    expect(call).toThrow(/52428800 bytes, and maxValueBytes is 1048576/)
  })

  test('decompress() stops at the length that a value says it has', () => {
    const before = process.memoryUsage().arrayBuffers
    expect(() => new Compression().decompress(1, packed(1_000), 2 ** 20)).toThrow(RangeError)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 2 ** 20)
  })

  test('decompress() refuses what is shorter than it says', () => {
    const compression = new Compression('gzip')
    const short = compression.compress(Buffer.alloc(1_000)) as Uint8Array
    short[0] = (short[0] as number) + 1
    expect(() => compression.decompress(1, short, 2 ** 20)).toThrow(/length/)
  })
})

test('set() of more than maxValueBytes is a ValueTooLongError, and nothing is stored', () => {
  using dict = open(memoryStore(), { maxValueBytes: 1_000, compress: 'gzip' })
  expect(() => dict.set('key', 'x'.repeat(1_000))).toThrow(ValueTooLongError)
  expect(dict.has('key')).toBe(false)
  dict.set('key', 'x'.repeat(900))
  expect(dict.get('key')).toHaveLength(900)
})

test('get() of more than maxValueBytes is an UnreadableRecordError, and the record stays', () => {
  const path = tempDirectory()
  {
    using dict = open(path, { compress: 'gzip' })
    dict.set('key', TEXT)
  }
  {
    using dict = open(path, { maxValueBytes: 100 })
    expect(() => dict.get('key')).toThrow(UnreadableRecordError)
    expect(() => dict.get('key')).toThrow(/maxValueBytes is 100/)
  }
  using dict = open(path)
  expect(dict.get('key')).toBe(TEXT)
})

test('open() with another compressor reads what all before it wrote', () => {
  const path = tempDirectory()
  const mine = runs('runs')
  const order: readonly (CompressorName | 'none' | Compressor)[] = [...NAMES, 'none', mine]
  for (const [key, compress] of order.entries()) {
    using dict = open<Record<string, string>>(path, {
      compress: typeof compress === 'string' ? { use: compress, alsoReads: [mine] } : compress,
    })
    dict.set(String(key), 'a'.repeat(2_000 + key))
    for (let earlier = 0; earlier <= key; earlier++) {
      expect(dict.get(String(earlier))).toBe('a'.repeat(2_000 + earlier))
    }
  }
  using without = open(path)
  const last = String(NAMES.length + 1)
  expect(() => without.get(last)).toThrow(/compressor "runs", which open\(\) was not given/)
})

test('compress() of two compressors of the user does not confuse them', () => {
  const first = new Compression(runs('first'))
  const second = new Compression({ use: runs('second'), alsoReads: [runs('first')] })
  const bytes = Buffer.alloc(1_000)
  const small = first.compress(bytes) as Uint8Array
  expect(Buffer.from(second.decompress(255, small, 2_000))).toEqual(bytes)
  expect(() => new Compression(runs('second')).decompress(255, small, 2_000)).toThrow(/"first"/)
})

test('set() with a compressor that throws is an UnpersistableValueError that names it', () => {
  const broken: Compressor = {
    ...runs('broken'),
    compress() {
      throw new Error('no')
    },
  }
  const parts = { compression: new Compression({ use: broken, thresholdBytes: 0 }) }
  const codec = new ValueCodec(knownSerializer('msgpack'), parts)
  expect(() => codec.encode('key', 1)).toThrow(/compressor "broken" failed: no/)
})

test('open() with a wrong compress option is an OptionError that says what it takes', () => {
  for (const compress of [
    'zip',
    { use: 'zip' },
    { use: 'gzip', level: 10 },
    { use: 'brotli', level: 1.5 },
    { use: 'gzip', treshold: 1 },
    { use: 'gzip', thresholdBytes: -1 },
    { ...runs(''), id: '' },
    {},
    ...(hasZstd() ? [] : ['zstd']),
  ]) {
    const store = memoryStore()
    expect(() => open(store, { compress: compress as never }), JSON.stringify(compress)).toThrow(
      OptionError,
    )
  }
})
