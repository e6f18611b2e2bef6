// Usage: redis-rotate.mjs URL PREFIX. As rotate.mjs, on a server.
import { aesGcm, openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'

const [url, prefix] = process.argv.slice(2)
const keys = [Buffer.alloc(32, 2), Buffer.alloc(32, 1)]
const dict = await openAsync(redisStore({ url, prefix }), {
  cipher: aesGcm({ keys }),
  background: false,
})
console.log('begin')
await dict.rotateKeys()
console.log('end')
await dict.close()
