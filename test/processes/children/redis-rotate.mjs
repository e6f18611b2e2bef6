// Usage: redis-rotate.mjs URL PREFIX [COMMITS]. As rotate.mjs, on a server.
import { aesGcm, openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'
import { wrapped } from './faulty-store.mjs'

const [url, prefix, commits] = process.argv.slice(2)
const keys = [Buffer.alloc(32, 2), Buffer.alloc(32, 1)]
let left = Number.POSITIVE_INFINITY
const inner = redisStore({ url, prefix })
const store = wrapped(inner, {
  async commit(batch) {
    const isDone = await inner.commit(batch)
    if (--left === 0) process.kill(process.pid, 'SIGKILL')
    return isDone
  },
})
const dict = await openAsync(store, { cipher: aesGcm({ keys }), background: false })
if (commits !== undefined) left = Number(commits)
await dict.rotateKeys()
console.log('end')
await dict.close()
