import { type BenchCase, OURS } from '../harness/case.js'
import type { BenchRecord } from '../harness/data.js'
import { empty } from '../sides/kind.js'
import { DURABLE, lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'

const IN_FLIGHT = 100

export const bench: BenchCase = {
  what: `one write awaited until it is on disk, ${IN_FLIGHT} at a time`,
  goals: [
    { rival: 'lmdb put, flushed', ratioAtLeast: 0.8 },
    { rival: 'lmdb put, durable', ratioAtLeast: 0.8 },
  ],
  notes: ['"lmdb put, durable" has overlappingSync off, so that put() itself resolves on disk'],
  setUp(stage) {
    const records = stage.records(IN_FLIGHT * stage.count(100, 20))
    const all = [...records]
    const inFlight = async (write: (key: string, value: BenchRecord) => Promise<unknown>) => {
      for (let start = 0; start < all.length; start += IN_FLIGHT) {
        await Promise.all(all.slice(start, start + IN_FLIGHT).map((entry) => write(...entry)))
      }
      return all.length
    }
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdict(), (dict) =>
          inFlight(async (key, value) => {
            dict.set(key, value)
            await dict.flush()
          }),
        ),
        empty(stage, 'lmdb put, flushed', lmdb(), (db) =>
          inFlight(async (key, value) => {
            void db.put(key, value)
            await db.flushed
          }),
        ),
        empty(stage, 'lmdb put, durable', lmdb(DURABLE), (db) =>
          inFlight((key, value) => db.put(key, value)),
        ),
      ],
    }
  },
}
