import { type BenchCase, OURS } from '../harness/case.js'
import type { BenchRecord } from '../harness/data.js'
import { refilled } from '../sides/kind.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

const SOON_MS = 1

export const bench: BenchCase = {
  what: 'one expired entry of 20,000 that sweep() removes, in transactions that others can come between',
  notes: [
    'better-sqlite3 deletes all rows in one statement, which nobody can come between; persistdict is on disk at the end',
  ],
  setUp(stage) {
    const records = stage.records(stage.count(20_000, 2_000))
    const gone = new Map<string, BenchRecord | undefined>()
    for (const key of records.keys()) gone.set(key, undefined)
    const ours = persistdict({ background: 'disabled' })
    return {
      operations: records.size,
      answer: records.size,
      stored: gone,
      sides: [
        refilled(
          stage,
          OURS,
          {
            ...ours,
            async fill(dict, filling) {
              dict.setMany(filling, { ttl: SOON_MS })
              await dict.flush()
              // Waits for the deadline, not for luck.
              while (dict.size > 0) await new Promise(setImmediate)
            },
          },
          records,
          async (dict) => Number(await dict.sweep()),
        ),
        refilled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          return store.db.prepare("delete from entries where key >= 'user:'").run().changes
        }),
      ],
    }
  },
}
