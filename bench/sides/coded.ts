/** What ciphers and compression cost beside the plain path, for values of one size. */
import { aesGcm, chacha20Poly1305, type OpenOptions } from 'persistdict'
import { type BenchCase, OURS } from '../harness/case.js'
import { type BenchRecord, type Records, sumOfIds } from '../harness/data.js'
import { empty } from './kind.js'
import { persistdict } from './persistdict.js'

type Options = OpenOptions<Record<string, BenchRecord>, string>

const keys = [Buffer.alloc(32, 1)]

const SIDES: Readonly<Record<string, Options>> = {
  'aes-256-gcm': { cipher: aesGcm({ keys }) },
  'aes-256-gcm, names readable': { cipher: aesGcm({ keys }), hashKeys: 'long' },
  'chacha20-poly1305': { cipher: chacha20Poly1305({ keys }) },
  'aes-256-gcm, committing': { cipher: aesGcm({ keys, committing: true }) },
  gzip: { compress: 'gzip' },
  brotli: { compress: 'brotli' },
  'gzip and aes-256-gcm': { compress: 'gzip', cipher: aesGcm({ keys }) },
}

/** The ciphers, without what compresses. */
export const CIPHERS = Object.entries(SIDES).filter(([, { compress }]) => compress === undefined)

/** Half of it repeats itself, as text does. */
const FILLING = 'a sentence that repeats itself, and '

/** The records with values of about so many bytes. */
export function sized(records: Records, bytes: number): Map<string, BenchRecord> {
  return new Map(
    Array.from(records, ([key, record]) => {
      const text = record.text + FILLING.repeat(Math.max(0, bytes - 100) / FILLING.length + 1)
      return [key, { ...record, text: text.slice(0, Math.max(40, bytes - 60)) }]
    }),
  )
}

/** A case whose values have about so many bytes: each is set, and read once past the cache. */
export function codedCase(
  bytes: number,
  counts: readonly [full: number, quick: number],
): BenchCase {
  return {
    what: `set(), and get() without a read cache, of values of ${bytes} bytes, by cipher and compressor`,
    notes: [
      'The rivals are persistdict, too: the row above 1x is what they cost beside the plain path',
    ],
    setUp(stage) {
      const records = sized(stage.records(stage.count(...counts)), bytes)
      const side = (name: string, options: Options) => {
        const kind = persistdict({ cache: { maxEntries: 0 }, ...options })
        return empty(stage, name, kind, async (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          await dict.flush()
          let sum = 0
          for (const key of records.keys()) sum += dict.get(key)?.id ?? 0
          return sum
        })
      }
      return {
        operations: records.size,
        answer: sumOfIds(records.values()),
        stored: records,
        sides: [
          side(OURS, {}),
          ...Object.entries(SIDES).map(([name, options]) => side(name, options)),
        ],
      }
    },
  }
}
