/** `promise-in-transaction.mjs PATH`: callbacks that must be synchronous return promises. */
import assert from 'node:assert/strict'
import { open, TransactionError } from 'persistdict'

process.on('unhandledRejection', (error) => {
  console.log(`unhandled rejection: ${error}`)
  process.exit(9)
})
const dict = open(process.argv[2])
dict.set('kept', 1)
const promises = [
  async () => 1,
  async () => {
    throw new Error('of the callback')
  },
  // biome-ignore lint/suspicious/noThenProperty: a thenable of the program is what this is about
  () => ({ then() {} }),
]
for (const callback of promises) {
  assert.throws(
    () =>
      dict.transaction((inside) => {
        inside.set('lost', 1)
        return callback()
      }),
    TransactionError,
  )
  assert.throws(() => dict.update('kept', callback), TransactionError)
  assert.throws(() => dict.update('absent', callback), TransactionError)
  assert.throws(() => dict.getOrInsertComputed('absent', callback), TransactionError)
  assert.equal(dict.has('lost'), false)
  assert.equal(dict.has('absent'), false)
  assert.equal(dict.get('kept'), 1)
}
dict.set('after', 2)
dict.flushSync()
dict.close()
console.log('closed')
