/** Traces of reads, and exact in-memory caches to compare with: LRU, FIFO and SIEVE. */
import type { Random } from '../random.js'

export interface TraceCache {
  /** Whether the key was there; it is afterwards. */
  access(key: number): boolean
}

/** Keys by Zipf's law: the n-th most popular is asked for 1/n^s as often as the first. */
export function zipfTrace(random: Random, keys: number, length: number, exponent = 1): number[] {
  const sums = new Float64Array(keys)
  let sum = 0
  for (let at = 0; at < keys; at++) sums[at] = sum += 1 / (at + 1) ** exponent
  return Array.from({ length }, () => {
    const wanted = fraction(random) * sum
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  })
}

/** The same keys again and again, with a hot tenth in between: the case that LRU is worst at. */
export function loopTrace(random: Random, keys: number, length: number): number[] {
  return Array.from({ length }, (_, at) =>
    fraction(random) < 0.5 ? Math.floor((fraction(random) * keys) / 10) : at % keys,
  )
}

/** LRU, or FIFO if reads do not count. */
export class OrderedCache implements TraceCache {
  readonly #keys = new Set<number>()
  readonly #size: number
  readonly #readsCount: boolean

  constructor(size: number, readsCount: boolean) {
    this.#size = size
    this.#readsCount = readsCount
  }

  access(key: number): boolean {
    const isHit = this.#keys.has(key)
    if (isHit && !this.#readsCount) return true
    this.#keys.delete(key)
    this.#keys.add(key)
    if (this.#keys.size > this.#size) this.#keys.delete(this.#keys.values().next().value as number)
    return isHit
  }
}

/** SIEVE as its authors describe it (Zhang et al., NSDI 2024, algorithm 1). */
export class SieveCache implements TraceCache {
  readonly #size: number
  /** Oldest first. */
  readonly #queue: number[] = []
  readonly #visited = new Map<number, boolean>()
  #hand = 0

  constructor(size: number) {
    this.#size = size
  }

  access(key: number): boolean {
    if (this.#visited.has(key)) {
      this.#visited.set(key, true)
      return true
    }
    if (this.#queue.length >= this.#size) this.#evict()
    this.#queue.push(key)
    this.#visited.set(key, false)
    return false
  }

  #evict(): void {
    if (this.#hand >= this.#queue.length) this.#hand = 0
    while (this.#visited.get(this.#queue[this.#hand] as number)) {
      this.#visited.set(this.#queue[this.#hand] as number, false)
      this.#hand = (this.#hand + 1) % this.#queue.length
    }
    const [gone] = this.#queue.splice(this.#hand, 1)
    this.#visited.delete(gone as number)
  }
}

function fraction(random: Random): number {
  return random.below(2 ** 30) / 2 ** 30
}

/** The share of accesses that found their key. */
export function hitRatio(trace: readonly number[], access: (key: number) => boolean): number {
  return trace.filter(access).length / trace.length
}
