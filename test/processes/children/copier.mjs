/**
 * `copier.mjs FROM TO`: copies a dict into another, each a name and a place of stores.mjs as JSON, in
 * batches of 20, and says how many entries are there after each. It goes on with `go`, batch by batch.
 */
import { createInterface } from 'node:readline'
import { copy } from 'persistdict'
import { OPENERS } from './stores.mjs'

const BATCH = 20

const [from, to] = await Promise.all(
  process.argv.slice(2, 4).map((text) => {
    const { store, place } = JSON.parse(text)
    return OPENERS[store](place)
  }),
)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
let read = 0
const source = new Proxy(from, {
  get(dict, name) {
    const member = dict[name]
    if (name === 'getEntry') {
      // The entries of a batch are asked for together: the first one waits.
      return async (key) => {
        if (read++ % BATCH === 0) await lines.next()
        return dict.getEntry(key)
      }
    }
    return typeof member === 'function' ? member.bind(dict) : member
  },
})
console.log('ready')
await copy(source, to, {
  batchSize: BATCH,
  onProgress: ({ copied, skipped }) => console.log(copied + skipped),
})
await to.close()
console.log('done')
process.exit()
