/** Scans and counts of ranges are complete, bounded and resumable under writes. */
import assert from 'node:assert/strict'
import { compareBytes } from '../bytes.js'
import type { AsyncStore } from '../store/async-store.js'
import { SCAN_STEP_BYTES, type ScanRange } from '../store/sync-store.js'
import { type AsyncStoreLaw, apply, asyncLaw, deleting, LATER, putting } from './async-store-law.js'
import { type Random, withSeedAsync } from './random.js'
import { bytesOf, shown } from './store-law.js'

const DIRECTIONS = [false, true]

/** Few different bytes, so that keys are often each other's prefixes and neighbours. */
const ALPHABET = [0x00, 0x01, 0x61, 0x62, 0xfe, 0xff]

/** More than any scan here takes, so that a scan in a circle fails. */
const MOST_STEPS = 10_000

export const asyncScanLaws: readonly AsyncStoreLaw[] = [
  asyncLaw('scan() and count() of any range give what a sorted list would', (store) =>
    withSeedAsync(async (random) => {
      const model = new Map<string, Row>()
      for (let round = 0; round < 6; round++) {
        for (let change = 0; change < 30; change++) {
          const key = randomKey(random)
          if (random.chance(0.7)) {
            const deadline = random.pick([0, LATER, LATER + 10])
            await apply(store, putting('rows', key, Uint8Array.of(round, change), deadline))
            model.set(shown(key), { key, deadline })
          } else {
            await apply(store, deleting('rows', key))
            model.delete(shown(key))
          }
        }
        await compare(store, model, random)
      }
    }),
  ),

  asyncLaw('a scan resumed after its last key misses and repeats nothing', async (store) => {
    const keys = await fill(store, 100)
    for (const reverse of DIRECTIONS) {
      for (const limit of [1, 7, 100, 101]) {
        const seen = await readAll(store, { reverse }, limit)
        assert.deepEqual(seen, reverse ? keys.toReversed() : keys, `in steps of ${limit}`)
      }
    }
  }),

  asyncLaw(
    'a scan gives each row that stays once, whatever is written between its steps',
    async (store) => {
      for (const reverse of DIRECTIONS) {
        await withSeedAsync(async (random) => {
          const bucket = `rows ${String(reverse)}`
          const staying = await fill(store, 30, bucket)
          const seen = await readAll(store, { reverse }, 5, bucket, async () => {
            for (let change = 0; change < 10; change++) {
              // Keys that come and go all over the range, among them next to the last one seen.
              const key = bytesOf(`${String(random.below(30)).padStart(4, '0')}-${random.below(3)}`)
              if (random.chance(0.5)) await apply(store, putting(bucket, key, new Uint8Array(50)))
              else await apply(store, deleting(bucket, key))
            }
          })
          const inOrder = [...new Set(seen)].sort()
          assert.deepEqual(seen, reverse ? inOrder.reverse() : inOrder, 'in order, each once')
          const stayed = seen.filter((key) => staying.includes(key))
          assert.deepEqual(stayed, reverse ? staying.toReversed() : staying)
        })
      }
    },
  ),

  asyncLaw(
    'a scan step ends soon after SCAN_STEP_BYTES, and the next one goes on',
    async (store) => {
      const size = SCAN_STEP_BYTES / 8
      const keys = await fill(store, 20, 'rows', size)
      for (const reverse of DIRECTIONS) {
        const step = await store.scan('rows', { reverse }, 1_000)
        const bytes = step.reduce((sum, row) => sum + row.record.length, 0)
        assert.ok(bytes < SCAN_STEP_BYTES + size, `a step of ${bytes} bytes`)
        const all = await readAll(store, { reverse }, 1_000)
        assert.deepEqual(all, reverse ? keys.toReversed() : keys)
      }
    },
  ),

  asyncLaw('clear() removes a range and nothing beside it, deadlines too', async (store) => {
    for (const key of ['a', 'b', 'b\0', 'ba', 'c']) {
      await apply(store, putting('rows', bytesOf(key), bytesOf('1'), LATER))
    }
    await apply(store, putting('other', bytesOf('b'), bytesOf('1')))
    await store.clear('rows', { from: bytesOf('b'), to: bytesOf('c') })
    const left = [bytesOf('a'), bytesOf('c')].map(shown)
    assert.deepEqual(await readAll(store, {}, 10), left)
    assert.deepEqual(await readAll(store, {}, 10, 'other'), [shown(bytesOf('b'))])
    const due = await store.due('rows', LATER, 10)
    assert.deepEqual(due.map((hint) => shown(hint.key)).sort(), left)
    await fill(store, 2_500, 'many')
    await store.clear('many', {})
    assert.equal(await store.count('many', {}, 0), 0)
    await store.clear('never', {})
  }),
]

interface Row {
  readonly key: Uint8Array
  readonly deadline: number
}

/** Compares random ranges, with every combination of bounds, with a sorted list. */
async function compare(store: AsyncStore, model: Map<string, Row>, random: Random): Promise<void> {
  for (let combination = 0; combination < 16; combination++) {
    const bound = (bit: number) => ((combination & bit) === 0 ? undefined : randomKey(random))
    const [from, to, after] = [bound(1), bound(2), bound(4)]
    const reverse = (combination & 8) !== 0
    const inner = { ...(from && { from }), ...(to && { to }) }
    const range: ScanRange = { ...inner, ...(after && { after }), ...(reverse && { reverse }) }
    const limit = random.pick([1, 2, 10, 10_000])
    const what = `from ${shown(from)} to ${shown(to)} after ${shown(after)} reverse ${reverse} limit ${limit}`
    const found = (await store.scan('rows', range, limit)).map((row) => shown(row.key))
    assert.deepEqual(found, expected(model, range).slice(0, limit).map(keyText), what)
    const now = random.pick([0, LATER - 1, LATER, LATER + 10])
    const alive = expected(model, inner).filter((row) => row.deadline === 0 || row.deadline > now)
    assert.equal(await store.count('rows', inner, now), alive.length, `count of ${what}`)
  }
}

function expected(model: Map<string, Row>, range: ScanRange): Row[] {
  const { from, to, after, reverse } = range
  const rows = [...model.values()].sort((a, b) => compareBytes(a.key, b.key))
  if (reverse) rows.reverse()
  return rows
    .filter(({ key }) => from === undefined || compareBytes(key, from) >= 0)
    .filter(({ key }) => to === undefined || compareBytes(key, to) < 0)
    .filter(({ key }) => after === undefined || compareBytes(key, after) * (reverse ? -1 : 1) > 0)
}

function keyText({ key }: Row): string {
  return shown(key)
}

function randomKey(random: Random): Uint8Array {
  return Uint8Array.from({ length: 1 + random.below(4) }, () => random.pick(ALPHABET))
}

/** Puts rows with keys `0000-`, `0001-` and so on; returns the keys. */
async function fill(
  store: AsyncStore,
  count: number,
  bucket = 'rows',
  size = 10,
): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, at) => bytesOf(`${String(at).padStart(4, '0')}-`))
  await Promise.all(keys.map((key) => apply(store, putting(bucket, key, new Uint8Array(size)))))
  return keys.map(shown)
}

/** Reads a range to its end in steps, resuming each; returns all keys. */
async function readAll(
  store: AsyncStore,
  range: ScanRange,
  limit: number,
  bucket = 'rows',
  betweenSteps: () => Promise<void> = async () => {},
): Promise<string[]> {
  const seen: string[] = []
  let next = range
  for (let steps = 1; ; steps++) {
    assert.ok(steps <= MOST_STEPS, 'the scan does not come to an end')
    const step = await store.scan(bucket, next, limit)
    const last = step.at(-1)
    if (last === undefined) return seen
    assert.ok(step.length <= limit, `${step.length} rows, and the limit was ${limit}`)
    next = { ...range, after: last.key }
    seen.push(...step.map((row) => shown(row.key)))
    await betweenSteps()
  }
}
