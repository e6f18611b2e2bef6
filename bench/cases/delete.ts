import { type BenchCase, OURS } from '../harness/case.js'
import { refilled } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'delete() of every other key, in random order, one wait at the end of all',
  goals: [{ costAtMost: 1e9 / 300_000 }],
  notes: ['As in set-batched, persistdict alone is on disk at the end'],
  setUp(stage) {
    const records = stage.records(stage.count(40_000, 10_000))
    const doomed = stage.shuffled(records.keys()).slice(0, records.size / 2)
    return {
      operations: doomed.length,
      answer: doomed.length,
      stored: new Map([...records, ...doomed.map((key) => [key, undefined] as const)]),
      sides: [
        refilled(stage, OURS, persistdict(), records, async (dict) => {
          let deleted = 0
          for (const key of doomed) if (dict.delete(key)) deleted++
          await dict.flush()
          return deleted
        }),
        refilled(stage, 'lmdb', lmdb(), records, async (db) => {
          let last: Promise<boolean> | undefined
          for (const key of doomed) last = db.remove(key)
          return (await last) ? doomed.length : 0
        }),
        refilled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) =>
          store.transaction(() => {
            let deleted = 0
            for (const key of doomed) if (store.delete(key)) deleted++
            return deleted
          }),
        ),
      ],
    }
  },
}
