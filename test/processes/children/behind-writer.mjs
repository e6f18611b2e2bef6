/**
 * `behind-writer.mjs URL PREFIX DIRECTORY`: a host that writes behind, to a near store in the directory
 * and a Redis server. Opens, says `open`, and from the line `go` on sets `key 0`, `key 1` and so on,
 * saying each number once it is acknowledged, until it is killed.
 */
import { once } from 'node:events'
import { lmdbStore, openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'
import { tiered } from 'persistdict/tiered'

const [url, prefix, directory] = process.argv.slice(2)
const far = redisStore({ url, prefix, timeout: 20_000 })
const dict = await openAsync(tiered({ near: lmdbStore(directory), far, write: 'behind' }))
dict.on('error', () => {})
console.log('open')
await once(process.stdin, 'data')
for (let at = 0; ; at++) {
  await dict.set(`key ${at}`, at)
  console.log(at)
}
