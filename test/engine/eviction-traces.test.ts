/**
 * Hit ratios of the policies on the real store, beside exact caches in memory. EVICTION_READS sets the
 * length of the traces.
 */
import { expect, test } from 'vitest'
import type { Eviction } from '../../src/engine/capacity/limits.js'
import { open } from '../../src/open/open.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import {
  hitRatio,
  loopTrace,
  OrderedCache,
  SieveCache,
  type TraceCache,
  zipfTrace,
} from './eviction-traces.js'

const READS = Number(process.env.EVICTION_READS ?? 10_000)
const KEYS = 2_000
const SIZE = 200

/** Reads are written down late, which costs a policy that much of its hits at most (R16). */
const LEAST_SHARE = 0.97

const EXACT: Record<Exclude<Eviction, 'none'>, () => TraceCache> = {
  sieve: () => new SieveCache(SIZE),
  lru: () => new OrderedCache(SIZE, true),
  fifo: () => new OrderedCache(SIZE, false),
}

const random = randomOf(seedOf('eviction traces'))
const TRACES = { Zipf: zipfTrace(random, KEYS, READS), loop: loopTrace(random, KEYS / 4, READS) }

for (const [name, trace] of Object.entries(TRACES)) {
  for (const [eviction, exact] of Object.entries(EXACT)) {
    test(`'${eviction}' on disk has the hit ratio that it has in memory, on a ${name} trace`, () => {
      const memory = exact()
      const inMemory = hitRatio(trace, (key) => memory.access(key))
      using dict = open<Record<string, number>>(tempDirectory(), {
        durability: 'commit',
        background: 'disabled',
        maxEntries: SIZE,
        eviction: eviction as Eviction,
      })
      const onDisk = hitRatio(trace, (key) => {
        if (dict.get(key) !== undefined) return true
        dict.set(key, key)
        return false
      })
      console.log(
        `${name}, ${eviction}: ${onDisk.toFixed(4)} on disk, ${inMemory.toFixed(4)} in memory`,
      )
      expect(dict.size).toBe(SIZE)
      expect(onDisk).toBeGreaterThanOrEqual(inMemory * LEAST_SHARE)
    })
  }
}
