/**
 * Tells, at the price of a memory read, whether any process has committed.
 *
 * LMDB keeps the id of the last committed transaction in its lock file, as a 64-bit integer at
 * offset 8, and maps that file into every process. Readers take their snapshot from this very number,
 * so a value read before a snapshot was taken is never newer than the snapshot.
 *
 * Where the mapping cannot be found, the slower clock asks LMDB. Its answer comes from the data file,
 * which runs ahead of the lock file for a moment in each commit; so it looks again inside the gate,
 * where no commit is under way.
 */
import type { Gate } from './gate.js'
import { LOCK_MAGIC, mappedWords } from './mapped-words.js'
import type { NativeEnvironment } from './native.js'

export interface ChangeClock {
  readonly kind: 'mapped' | 'asked'
  /** The id of the last committed transaction. */
  read(): number
  /** Puts the shared id right; see guard.ts. False where that is not possible. */
  repair(id: number): boolean
  /** Lets go of the mapping. Must come before the environment closes: touching it later is fatal. */
  close(): void
}

/** The best clock for an open environment: the mapped one if it can be had and agrees with LMDB. */
export function changeClock(
  env: NativeEnvironment,
  gate: Gate,
  lockFile: string,
  preferred: ChangeClock['kind'] = 'mapped',
): ChangeClock {
  const mapped = preferred === 'mapped' ? mappedClock(env, lockFile) : undefined
  return mapped ?? new AskedClock(env, gate)
}

/** The part of the lock file that we look at: magic, format, last transaction id. */
const VIEW_BYTES = 64
const LOW_WORD = 2
const HIGH_WORD = 3
const WORD = 2 ** 32

function mappedClock(env: NativeEnvironment, lockFile: string): ChangeClock | undefined {
  const words = mappedWords(lockFile, VIEW_BYTES)
  if (words === undefined) return undefined
  const clock = new MappedClock(words)
  // The caller is inside the gate: no commit can fall between the two readings.
  return words[0] === LOCK_MAGIC && clock.read() === env.info().lastTxnId ? clock : undefined
}

class MappedClock implements ChangeClock {
  readonly kind = 'mapped'
  #words: Uint32Array

  constructor(words: Uint32Array) {
    this.#words = words
  }

  read(): number {
    const words = this.#words
    return (words[LOW_WORD] as number) + (words[HIGH_WORD] as number) * WORD
  }

  repair(id: number): boolean {
    this.#words[HIGH_WORD] = Math.floor(id / WORD)
    this.#words[LOW_WORD] = id >>> 0
    return true
  }

  close(): void {
    this.#words = new Uint32Array(VIEW_BYTES / 4)
  }
}

class AskedClock implements ChangeClock {
  readonly kind = 'asked'
  readonly #env: NativeEnvironment
  readonly #gate: Gate
  #last = -1

  constructor(env: NativeEnvironment, gate: Gate) {
    this.#env = env
    this.#gate = gate
  }

  read(): number {
    if (this.#env.info().lastTxnId !== this.#last) {
      this.#last = this.#gate.within(() => this.#env.info().lastTxnId)
    }
    return this.#last
  }

  repair(): boolean {
    return false
  }

  close(): void {}
}
