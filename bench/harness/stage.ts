/** What a case gets to work with: data, sizes and directories. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { madeRecords, type Random, type Records, seededRandom, shuffled } from './data.js'

export interface StageOptions {
  /** Where directories are made. The runner removes it, so that nothing stays if the case dies. */
  readonly root: string
  readonly seed: number
  readonly quick: boolean
}

export class Stage {
  readonly seed: number
  readonly quick: boolean
  readonly random: Random
  readonly #root: string

  constructor({ root, seed, quick }: StageOptions) {
    this.#root = root
    this.seed = seed
    this.quick = quick
    this.random = seededRandom(seed)
  }

  /** How many of something: fewer in a quick run. */
  count(full: number, quick: number): number {
    return this.quick ? quick : full
  }

  records(count: number): Records {
    return madeRecords(this.random, count)
  }

  /** The same items in another order; an array with its elements side by side, quick to walk. */
  shuffled<T>(items: Iterable<T>): T[] {
    return shuffled(this.random, items)
  }

  /** A new empty directory. */
  folder(): string {
    return mkdtempSync(join(this.#root, 'store-'))
  }
}
