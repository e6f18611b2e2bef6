/**
 * `behind-writer.mjs URL PREFIX DIRECTORY`: a host that writes behind, to a near store in the directory
 * and a Redis server. Opens, says `open`, and from the line `go` on sets `key 0`, `key 1` and so on,
 * saying each number once it is acknowledged, until it is killed.
 */
import { once } from 'node:events'
import { lmdbStore, openAsync, UnreachableError } from 'persistdict'
import { redisStore } from 'persistdict/redis'
import { tiered } from 'persistdict/tiered'

const [url, prefix, directory] = process.argv.slice(2)
const dict = await opened()
dict.on('error', () => {})
console.log('open')
await once(process.stdin, 'data')
/** The timeout is how long it waits for a server that is away; on a busy machine, connecting may take longer. */
async function opened() {
  for (;;) {
    const far = redisStore({ url, prefix, timeout: 1_000 })
    try {
      return await openAsync(tiered({ near: lmdbStore(directory), far, write: 'behind' }))
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
    }
  }
}

for (let at = 0; ; at++) {
  await dict.set(`key ${at}`, at)
  console.log(at)
}
