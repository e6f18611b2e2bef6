/**
 * `redis-adder.mjs URL PREFIX ROUNDS KEYS`: adds 1 to numbers in a store, each time by reading, and
 * committing with the check that the number is still the one that was read. Says "ready", begins at the
 * first line of its input, and prints how often it had to read again.
 */
import { once } from 'node:events'
import { redisStore } from 'persistdict/redis'

const [url, prefix, rounds, keys] = process.argv.slice(2)
const store = redisStore({ url, prefix })
let again = 0
await store.get('rows', Buffer.from('connected'))
console.log('ready')
await once(process.stdin, 'data')
process.stdin.destroy()
for (let round = 0; round < Number(rounds); round++) {
  const key = Buffer.from(`number ${round % Number(keys)}`)
  for (;;) {
    const before = await store.get('rows', key)
    // The sign at the end: a check is about the first bytes, and 1 is how 10 begins.
    const record = Buffer.from(`${Number.parseInt(String(before ?? 0), 10) + 1};`)
    const isAdded = await store.commit({
      promise: 'committed',
      checks: [{ bucket: 'rows', key, starts: before }],
      operations: [{ kind: 'put', bucket: 'rows', key, record, deadline: 0 }],
    })
    if (isAdded) break
    again++
  }
}
await store.close()
console.log(again)
