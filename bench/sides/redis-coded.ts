/** What ciphers cost over Redis beside the plain path, for values of one size. */
import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { CIPHERS, sized } from './coded.js'
import { persistdictOnRedis, redisSides } from './redis.js'

const IN_FLIGHT = 50

/** A case whose values have about so many bytes: each is set, and read once from the server. */
export function redisCodedCase(
  bytes: number,
  counts: readonly [full: number, quick: number],
): BenchCase {
  return {
    what: `set() and get() on Redis of values of ${bytes} bytes, ${IN_FLIGHT} at a time, by cipher`,
    notes: [
      'The rivals are persistdict, too: the row above 1x is what they cost beside the plain path',
    ],
    async setUp(stage) {
      const records = sized(stage.records(stage.count(...counts)), bytes)
      const all = [...records]
      const onRedis = await redisSides()
      const side = (name: string, options: (typeof CIPHERS)[number][1]) =>
        onRedis(name, persistdictOnRedis(false, options), new Map(), async (store, remote) => {
          let sum = 0
          for (let start = 0; start < all.length; start += IN_FLIGHT) {
            const some = all.slice(start, start + IN_FLIGHT)
            await Promise.all(some.map(([key, value]) => remote.set(store, key, value)))
            const values = await Promise.all(some.map(([key]) => remote.get(store, key)))
            for (const value of values) sum += value?.id ?? 0
          }
          return sum
        })
      return {
        operations: all.length,
        answer: sumOfIds(records.values()),
        stored: records,
        sides: [side(OURS, {}), ...CIPHERS.map(([name, options]) => side(name, options))],
      }
    },
  }
}
