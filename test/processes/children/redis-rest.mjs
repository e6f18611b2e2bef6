/**
 * `redis-rest.mjs URL MODULE up|down`: uses a store and never closes it. Prints what it read, or the
 * code of the error. It listens to changes, so all connections that there are have been made.
 */
import { redisStore } from 'persistdict/redis'

const [url, name, state] = process.argv.slice(2)
const timeout = state === 'up' ? 60_000 : 500
const store = redisStore({ url, module: await import(name), timeout, prefix: 'rest' })
const key = Buffer.from('key')
store.onInvalidate(() => {})
try {
  const operation = { kind: 'put', bucket: 'rows', key, record: Buffer.from('value'), deadline: 0 }
  await store.commit({ promise: 'committed', checks: [], operations: [operation] })
  while (!store.hears) await new Promise((resolve) => setTimeout(resolve, 5))
  console.log(String(await store.get('rows', key)))
} catch (error) {
  if (state === 'up') throw error
  console.log(error.code)
}
