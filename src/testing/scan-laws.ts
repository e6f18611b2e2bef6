/** Scans are complete, bounded and resumable under writes. */
import assert from 'node:assert/strict'
import { compareBytes } from '../bytes.js'
import {
  SCAN_STEP_BYTES,
  type ScanRange,
  type StoreReader,
  type SyncStore,
} from '../store/sync-store.js'
import { type Random, withSeed } from './random.js'
import { bytesOf, COMMITTED, deleteRow, law, putRow, type StoreLaw, shown } from './store-law.js'

const DIRECTIONS = [false, true]

/** Few different bytes, so that keys are often each other's prefixes and neighbours. */
const ALPHABET = [0x00, 0x01, 0x61, 0x62, 0xfe, 0xff]

/** More than any scan here takes, so that a scan in a circle fails. */
const MOST_STEPS = 10_000

export const scanLaws: readonly StoreLaw[] = [
  law('a scan of any range gives what a sorted list would', (store) => {
    withSeed((random) => {
      const model = new Map<string, Uint8Array>()
      for (let round = 0; round < 20; round++) {
        store.transaction(COMMITTED, (tx) => {
          for (let change = 0; change < 30; change++) {
            const key = randomKey(random)
            if (random.chance(0.6)) {
              tx.put('rows', key, Uint8Array.of(round, change), 0)
              model.set(shown(key), key)
            } else {
              assert.equal(tx.delete('rows', key), model.delete(shown(key)))
            }
          }
          if (random.chance(0.3)) compareScans(tx, model, random)
        })
        compareScans(store, model, random)
      }
    })
  }),

  law('walk() shows the rows that scan() gives, and returns the last key', (store) => {
    assert.equal(
      store.walk('rows', {}, 10, () => assert.fail('there are no rows')),
      undefined,
    )
    for (let at = 0; at < 40; at++) {
      putRow(store, 'rows', bytesOf(`key ${at}`), bytesOf(`record ${at}`))
    }
    for (const range of [{}, { reverse: true }, { after: bytesOf('key 2') }]) {
      const seen: string[] = []
      const last = store.walk('rows', range, 25, (key, record) => {
        // The record is lent: its length and indices are all that may be used.
        const own = Uint8Array.from({ length: record.length }, (_, at) => record[at] as number)
        seen.push(`${shown(key)} ${shown(own)}`)
      })
      const rows = store.scan('rows', range, 25)
      assert.deepEqual(
        seen,
        rows.map(({ key, record }) => `${shown(key)} ${shown(record)}`),
      )
      assert.equal(shown(last), shown(rows.at(-1)?.key))
    }
  }),

  law('a scan resumed after its last key misses and repeats nothing', (store) => {
    const keys = fill(store, 100)
    for (const reverse of DIRECTIONS) {
      for (const limit of [1, 7, 100, 101]) {
        const seen = readAll(store, { reverse }, limit)
        assert.deepEqual(seen, reverse ? keys.toReversed() : keys, `in steps of ${limit}`)
      }
    }
  }),

  law('a scan gives each row that stays once, whatever is written between its steps', (store) => {
    for (const reverse of DIRECTIONS) {
      withSeed((random) => {
        const bucket = `rows ${String(reverse)}`
        const staying = fill(store, 60, bucket, '5')
        const seen: string[] = []
        readAll(store, { reverse }, 5, bucket, (step) => {
          seen.push(...step)
          store.transaction(COMMITTED, (tx) => {
            for (let change = 0; change < 20; change++) {
              // Keys that come and go all over the range, among them next to the last one seen.
              const key = bytesOf(`${String(random.below(60)).padStart(4, '0')}-${random.below(5)}`)
              if (random.chance(0.5)) tx.put(bucket, key, new Uint8Array(50), 0)
              else tx.delete(bucket, key)
            }
          })
        })
        assert.deepEqual(
          seen,
          [...new Set(seen)].sort((a, b) => (a < b === reverse ? 1 : -1)),
          'rows come in order, each once',
        )
        const stayed = seen.filter((key) => key.endsWith(shown(bytesOf('5')).slice(2)))
        assert.deepEqual(stayed, reverse ? staying.toReversed() : staying)
      })
    }
  }),

  law('a scan resumes after a key that has gone meanwhile', (store) => {
    const keys = fill(store, 10)
    for (const [reverse, rest] of [
      [false, keys.slice(5)],
      [true, keys.slice(0, 4).toReversed()],
    ] as const) {
      const after = bytesOf('0004-')
      deleteRow(store, 'rows', after)
      const found = store.scan('rows', { reverse, after }, 100).map((row) => shown(row.key))
      assert.deepEqual(found, rest)
    }
  }),

  law('a scan step ends soon after SCAN_STEP_BYTES, and the next one goes on', (store) => {
    const size = SCAN_STEP_BYTES / 8
    const keys = fill(store, 40, 'rows', '', size)
    for (const reverse of DIRECTIONS) {
      const step = store.scan('rows', { reverse }, 1_000)
      const bytes = step.reduce((sum, row) => sum + row.record.length, 0)
      assert.ok(bytes < SCAN_STEP_BYTES + size, `a step of ${bytes} bytes`)
      assert.deepEqual(readAll(store, { reverse }, 1_000), reverse ? keys.toReversed() : keys)
    }
  }),

  law('a scan step is empty only at the end, also before a record larger than a step', (store) => {
    const keys = fill(store, 4, 'rows', '', SCAN_STEP_BYTES * 2)
    for (const reverse of DIRECTIONS) {
      const lengths: number[] = []
      const seen = readAll(store, { reverse }, 10, 'rows', (step) => lengths.push(step.length))
      assert.deepEqual(seen, reverse ? keys.toReversed() : keys)
      assert.deepEqual(lengths, [1, 1, 1, 1])
    }
  }),

  law('a scan in a transaction goes on under the writes of that transaction', (store) => {
    const keys = fill(store, 50)
    store.transaction(COMMITTED, (tx) => {
      const seen = readAll(tx, {}, 7, 'rows', (step) => {
        for (const key of step) tx.delete('rows', Buffer.from(key.slice(2), 'hex'))
        tx.put('rows', Uint8Array.of(0x20, step.length), bytesOf('behind the scan'), 0)
      })
      assert.deepEqual(seen, keys)
    })
    const left = store.scan('rows', {}, 100).map((row) => shown(row.key))
    assert.deepEqual(left, ['0x2001', '0x2007'])
  }),
]

/** Compares scans of random ranges, with every combination of bounds, with a sorted list. */
function compareScans(reader: StoreReader, model: Map<string, Uint8Array>, random: Random): void {
  for (let combination = 0; combination < 16; combination++) {
    const bound = (bit: number) => ((combination & bit) === 0 ? undefined : randomKey(random))
    const [from, to, after] = [bound(1), bound(2), bound(4)]
    const reverse = (combination & 8) !== 0
    const range: ScanRange = {
      ...(from && { from }),
      ...(to && { to }),
      ...(after && { after }),
      ...((reverse || random.chance(0.5)) && { reverse }),
    }
    const limit = random.pick([1, 2, 10, 10_000, Number.POSITIVE_INFINITY])
    const found = reader.scan('rows', range, limit).map((row) => shown(row.key))
    const what = `from ${shown(from)} to ${shown(to)} after ${shown(after)} reverse ${reverse} limit ${limit}`
    assert.deepEqual(found, expected(model, range).slice(0, limit), what)
  }
}

function expected(model: Map<string, Uint8Array>, range: ScanRange): string[] {
  const { from, to, after, reverse } = range
  const keys = [...model.values()].sort(compareBytes)
  if (reverse) keys.reverse()
  return keys
    .filter((key) => from === undefined || compareBytes(key, from) >= 0)
    .filter((key) => to === undefined || compareBytes(key, to) < 0)
    .filter((key) => after === undefined || compareBytes(key, after) * (reverse ? -1 : 1) > 0)
    .map(shown)
}

function randomKey(random: Random): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(4) }, () => random.pick(ALPHABET))
}

/** Puts rows with keys `0000-`, `0001-` and so on, each with an ending; returns the keys. */
function fill(store: SyncStore, count: number, bucket = 'rows', ending = '', size = 10): string[] {
  const keys = Array.from({ length: count }, (_, at) =>
    bytesOf(`${String(at).padStart(4, '0')}-${ending}`),
  )
  for (const key of keys) putRow(store, bucket, key, new Uint8Array(size))
  return keys.map(shown)
}

/** Reads a range to its end in steps, resuming each; returns all keys. */
function readAll(
  reader: StoreReader,
  range: ScanRange,
  limit: number,
  bucket = 'rows',
  betweenSteps: (keys: string[]) => void = () => {},
): string[] {
  const seen: string[] = []
  let next = range
  for (let steps = 1; ; steps++) {
    assert.ok(steps <= MOST_STEPS, 'the scan does not come to an end')
    const step = reader.scan(bucket, next, limit)
    const last = step.at(-1)
    if (last === undefined) return seen
    assert.ok(step.length <= limit, `${step.length} rows, and the limit was ${limit}`)
    next = { ...range, after: last.key }
    const keys = step.map((row) => shown(row.key))
    seen.push(...keys)
    betweenSteps(keys)
  }
}
