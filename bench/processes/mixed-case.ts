/** A case of several processes over one store, which read and write. */
import { type BenchCase, OURS } from '../harness/case.js'
import { madeRecords, type Records, seededRandom } from '../harness/data.js'
import { Team } from './team.js'

export interface Mix {
  readonly processes: number
  /** The part of the operations that writes. */
  readonly writes: number
}

const RECORDS = 10_000

export function mixedCase({ processes, writes }: Mix, goals: BenchCase['goals'] = []): BenchCase {
  const [read, written] = [1 - writes, writes].map((part) => `${Math.round(part * 100)} %`)
  const who = processes === 1 ? 'one process' : `${processes} processes over one store`
  return {
    what: `one operation of ${who}, ${read} reads and ${written} writes, 10,000 keys`,
    goals,
    notes: [
      'Processes yield every 20 operations, and end a round when all see what they wrote; ' +
        'persistdict also waits for the disk',
    ],
    setUp(stage) {
      const recordsSeed = stage.seed
      const records = madeRecords(seededRandom(recordsSeed), RECORDS)
      const operations = stage.count(20_000, 4_000)
      const seeds = Array.from({ length: processes }, (_, index) => stage.seed + 1 + index)
      const team = new Team(
        seeds.map((seed) => ({ recordsSeed, records: records.size, seed, operations, writes })),
      )
      return {
        operations: operations * processes,
        answer: seeds.reduce((sum, seed) => sum + sumOfRound(records, seed, operations), 0),
        sides: [OURS, 'better-sqlite3', 'lmdb', 'lmdb, noSync'].map((name) =>
          team.side(stage, name, records),
        ),
      }
    },
  }
}

/** The ids that a worker with this seed meets. */
function sumOfRound(records: Records, seed: number, operations: number): number {
  const ids = Array.from(records.values(), ({ id }) => id)
  const random = seededRandom(seed)
  let sum = 0
  for (let done = 0; done < operations; done++) {
    sum += ids[Math.floor(random() * ids.length)] as number
    // The second number decides between reading and writing.
    random()
  }
  return sum
}
