/** Reads one key much and another a little, with a lock held, until standard input ends. */
import { openAsync } from '../../../dist/index.js'
import { redisStore } from '../../../dist/redis.js'

const [url, prefix] = process.argv.slice(2)
const dict = await openAsync({ store: redisStore({ url, prefix }) })
await dict.setMany({ hot: 1, cold: 2 })
const lock = await dict.lock(`of ${process.pid}`)
const reading = setInterval(() => void dict.get('hot'), 2)
await dict.get('hot')
console.log('reading')
for await (const _ of process.stdin);
clearInterval(reading)
await lock.release()
await dict.close()
