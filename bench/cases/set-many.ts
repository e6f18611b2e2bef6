import { type BenchCase, OURS } from '../harness/case.js'
import { empty } from '../sides/kind.js'
import { DURABLE, lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'one entry of a setMany() of 10,000, all or nothing, on disk at the end',
  notes: ['lmdb: transactionSync() and putSync(). better-sqlite3: one transaction, WAL and FULL'],
  setUp(stage) {
    const records = stage.records(10_000)
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdict(), (dict) => {
          dict.setMany(records)
          dict.flushSync()
          return records.size
        }),
        empty(stage, 'lmdb', lmdb(DURABLE), (db) =>
          db.transactionSync(() => {
            for (const [key, value] of records) db.putSync(key, value)
            return records.size
          }),
        ),
        empty(stage, 'better-sqlite3', sqlite('FULL'), (store) =>
          store.transaction(() => {
            for (const [key, value] of records) store.set(key, value)
            return records.size
          }),
        ),
      ],
    }
  },
}
