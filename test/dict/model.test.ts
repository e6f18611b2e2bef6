/**
 * The dict against Maps: random programs of calls, on each store, under every durability; and the bugs
 * that show that the programs would find them. MODEL_PROGRAMS and MODEL_CALLS set how many and how long.
 */
import { expect, test } from 'vitest'
import { seedOf } from '../seed.js'
import { MUTANTS } from './mutants.js'
import { runPrograms } from './programs.js'

/** Shared out among the stores by their weights, which add up to 300. */
const PROGRAMS = Number(process.env.MODEL_PROGRAMS ?? 300) / 300
const CALLS = Number(process.env.MODEL_CALLS ?? 60)
/** In soak a busy machine may give it a tenth of a processor, and each commit under 'batched' is a sync. */
const LONGEST_MS = 14_400_000

test.each([
  ['memory', 'batched', 70],
  ['memory', 'sync', 50],
  ['lmdb', 'batched', 50],
  ['lmdb', 'commit', 50],
  ['lmdb', 'sync', 20],
  ['sqlite', 'batched', 15],
  ['sqlite', 'commit', 15],
  ['file', 'batched', 15],
  ['file', 'commit', 15],
] as const)(
  "a dict on %s under '%s' does what Maps with deadlines do",
  { timeout: LONGEST_MS },
  (place, durability, weight) => {
    const programs = Math.ceil(weight * PROGRAMS)
    const seed = seedOf(`${programs} programs on ${place}, ${durability}`)
    runPrograms({ place, durability, seed, programs, calls: CALLS })
  },
)

test.each(Object.entries(MUTANTS))(
  "the bug '%s' is found",
  { timeout: LONGEST_MS },
  (name, { make, ...options }) => {
    const seed = seedOf(name)
    const mend = make()
    try {
      const search = { ...options, seed, programs: 1_000, calls: 60, shrinks: false }
      expect(() => runPrograms(search)).toThrow()
    } finally {
      mend()
    }
  },
)
