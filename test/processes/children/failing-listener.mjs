/** `failing-listener.mjs PATH`: a listener of commits that throws is heard of, and stops no other. */
import assert from 'node:assert/strict'
import { lmdbStore } from 'persistdict'
import { memoryStore } from 'persistdict/memory'

const uncaught = []
process.on('uncaughtException', (error) => uncaught.push(error.message))
for (const store of [memoryStore(), lmdbStore(process.argv[2])]) {
  uncaught.length = 0
  store.onCommit(() => {
    throw new Error('first')
  })
  const second = new Promise((resolve) => store.onCommit(resolve))
  const alive = setTimeout(() => {}, 10_000)
  store.transaction('committed', (tx) => tx.put('rows', Buffer.of(1), Buffer.of(1), 0))
  await second
  clearTimeout(alive)
  await new Promise((resolve) => setTimeout(resolve, 1))
  assert.deepEqual(uncaught, ['first'])
  store.close()
}
console.log('done')
