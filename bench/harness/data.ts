/** Made-up data, the same for the same seed on every machine. */

/** About 100 bytes as MessagePack. */
export interface BenchRecord {
  readonly id: number
  readonly name: string
  readonly score: number
  readonly active: boolean
  readonly text: string
}

export type Records = ReadonlyMap<string, BenchRecord>

/** A number from 0 up to 1, another with each call. */
export type Random = () => number

/** Mulberry32, by Tommy Ettinger (public domain): 32 bits of state. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** So many records, ids from 1 up, under keys that are in no order. */
export function madeRecords(random: Random, count: number): Records {
  const records = new Map<string, BenchRecord>()
  while (records.size < count) {
    const id = records.size + 1
    records.set(`user:${letters(random, 11)}`, {
      id,
      name: letters(random, 12),
      score: random() * 1_000,
      active: random() < 0.5,
      text: letters(random, 40),
    })
  }
  return records
}

/** The sum of the ids: what a loop over all records returns. */
export function sumOfIds(records: Iterable<BenchRecord>): number {
  let sum = 0
  for (const { id } of records) sum += id
  return sum
}

/** The items in another order (Fisher and Yates). */
export function shuffled<T>(random: Random, items: Iterable<T>): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const item = result[last] as T
    result[last] = result[other] as T
    result[other] = item
  }
  return result
}

function letters(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += Math.floor(random() * 36).toString(36)
  return text
}
