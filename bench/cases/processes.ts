import { type BenchCase, OURS } from '../harness/case.js'
import { madeRecords, type Records, seededRandom } from '../harness/data.js'
import { Team } from '../processes/team.js'

const PROCESSES = 4

export const bench: BenchCase = {
  what: `one operation of ${PROCESSES} processes over one store, 90 % reads and 10 % writes, 10,000 keys`,
  goals: [{ rival: 'better-sqlite3', ratioAtLeast: 2 }],
  notes: [
    'Processes yield every 20 operations, and end a round when all see what they wrote; ' +
      'persistdict also waits for the disk',
  ],
  setUp(stage) {
    const recordsSeed = stage.seed
    const records = madeRecords(seededRandom(recordsSeed), 10_000)
    const operations = stage.count(20_000, 4_000)
    const seeds = Array.from({ length: PROCESSES }, (_, index) => stage.seed + 1 + index)
    const team = new Team(
      seeds.map((seed) => ({ recordsSeed, records: records.size, seed, operations })),
    )
    return {
      operations: operations * PROCESSES,
      answer: seeds.reduce((sum, seed) => sum + sumOfRound(records, seed, operations), 0),
      sides: [OURS, 'better-sqlite3', 'lmdb', 'lmdb, noSync'].map((name) =>
        team.side(stage, name, records),
      ),
    }
  },
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
