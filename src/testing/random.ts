/** Randomness that can be had again: a failure names its seed. */

/** Set to the seed of a failure, this environment variable makes a run repeat it. */
const SEED_VARIABLE = 'SEED'

const SEEDS = 2 ** 31

export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A whole number from 0 up to, and without, `end`. */
  below(end: number): number {
    return Math.floor(this.#next() * end)
  }

  /** True this often. */
  chance(probability: number): boolean {
    return this.#next() < probability
  }

  /** One of the items, of which there must be some. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** From 0 to 1: mulberry32, by Tommy Ettinger (2017, public domain). */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Runs a check with a new seed. What it throws is the cause of an error that names the seed. */
export function withSeed(check: (random: Random) => void): void {
  const seed = newSeed()
  try {
    check(new Random(seed))
  } catch (cause) {
    throw seeded(seed, cause)
  }
}

/** The same for a check that takes its time. */
export async function withSeedAsync(check: (random: Random) => Promise<void>): Promise<void> {
  const seed = newSeed()
  try {
    await check(new Random(seed))
  } catch (cause) {
    throw seeded(seed, cause)
  }
}

function newSeed(): number {
  return Number(process.env[SEED_VARIABLE] ?? Math.floor(Math.random() * SEEDS))
}

function seeded(seed: number, cause: unknown): Error {
  const what = cause instanceof Error ? cause.message : String(cause)
  const how = `Set ${SEED_VARIABLE}=${seed} to run it again with the same choices.`
  return new Error(`${what}\n${how}`, { cause })
}
