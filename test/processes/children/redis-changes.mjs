/** `redis-changes.mjs OPTIONS`, those of redisStore() as JSON: changes entries of a dict, and ends. */
import { openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'

const dict = await openAsync(redisStore(JSON.parse(process.argv[2])))
await dict.set('a', { n: 1 })
await dict.increment('count')
await dict.increment('count')
await dict.delete('a')
await dict.namespace('inner').set('b', 2)
await dict.namespace('inner').clear()
await dict.set('last', 'value')
await dict.close()
