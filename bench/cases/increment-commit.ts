import { type BenchCase, OURS } from '../harness/case.js'
import { COUNTER, counterDict, counterLmdb, counterSqlite } from '../sides/counter.js'
import { empty } from '../sides/kind.js'
import { NO_SYNC } from '../sides/lmdb.js'

export const bench: BenchCase = {
  what: 'increment() of one counter, seen by every process before the next one starts',
  notes: ["None waits for the disk: durability 'commit'; lmdb with noSync; WAL and NORMAL"],
  setUp(stage) {
    const operations = stage.count(5_000, 1_000)
    return {
      operations,
      answer: operations,
      stored: new Map([[COUNTER, operations]]),
      sides: [
        empty(stage, OURS, counterDict('commit'), (dict) => {
          let sum = 0
          for (let done = 0; done < operations; done++) sum = Number(dict.increment(COUNTER))
          return sum
        }),
        empty(stage, 'lmdb', counterLmdb(NO_SYNC), (db) => {
          let sum = 0
          for (let done = 0; done < operations; done++) {
            sum = db.transactionSync(() => {
              const next = (db.get(COUNTER) ?? 0) + 1
              db.putSync(COUNTER, next)
              return next
            })
          }
          return sum
        }),
        empty(stage, 'better-sqlite3', counterSqlite('NORMAL'), (store) => {
          let sum = 0
          for (let done = 0; done < operations; done++) sum = store.increment()
          return sum
        }),
      ],
    }
  },
}
