import { type BenchCase, OURS } from '../harness/case.js'
import { classicLevel } from '../sides/classic-level.js'
import { empty } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'set() of a new key, one wait at the end of all',
  goals: [{ rival: 'lmdb', ratioAtLeast: 0.5 }],
  notes: [
    'At the end, persistdict and "lmdb, flushed" are on disk; lmdb, better-sqlite3 (WAL, ' +
      'NORMAL, one transaction) and classic-level (one batch) are not yet',
  ],
  setUp(stage) {
    const records = stage.records(stage.count(50_000, 10_000))
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdict(), async (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          await dict.flush()
          return records.size
        }),
        empty(stage, 'lmdb', lmdb(), async (db) => {
          let last: Promise<boolean> | undefined
          for (const [key, value] of records) last = db.put(key, value)
          return (await last) ? records.size : 0
        }),
        empty(stage, 'lmdb, flushed', lmdb(), async (db) => {
          for (const [key, value] of records) void db.put(key, value)
          return (await db.flushed) ? records.size : 0
        }),
        empty(stage, 'better-sqlite3', sqlite('NORMAL'), (store) =>
          store.transaction(() => {
            for (const [key, value] of records) store.set(key, value)
            return records.size
          }),
        ),
        empty(stage, 'classic-level', classicLevel(), async (store) => {
          await store.setAll(records)
          return records.size
        }),
      ],
    }
  },
}
