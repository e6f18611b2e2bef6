import { type BenchCase, OURS } from '../harness/case.js'
import { COUNTER, counterDict, counterLmdb, counterSqlite } from '../sides/counter.js'
import { empty } from '../sides/kind.js'
import { DURABLE } from '../sides/lmdb.js'

export const bench: BenchCase = {
  what: 'increment() of one counter, on disk before the next one starts',
  notes: ["persistdict has durability 'sync', better-sqlite3 WAL and FULL"],
  setUp(stage) {
    const operations = stage.count(200, 40)
    return {
      operations,
      answer: operations,
      stored: new Map([[COUNTER, operations]]),
      sides: [
        empty(stage, OURS, counterDict('sync'), (dict) => {
          let sum = 0
          for (let done = 0; done < operations; done++) sum = Number(dict.increment(COUNTER))
          return sum
        }),
        empty(stage, 'lmdb', counterLmdb(DURABLE), (db) => {
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
        empty(stage, 'better-sqlite3', counterSqlite('FULL'), (store) => {
          let sum = 0
          for (let done = 0; done < operations; done++) sum = store.increment()
          return sum
        }),
      ],
    }
  },
}
