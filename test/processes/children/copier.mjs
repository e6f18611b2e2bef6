/**
 * `copier.mjs FROM TO`: copies a dict into another, each a name and a place of stores.mjs as JSON, in
 * batches of 20, and says how many entries are there after each. It goes on with `go`, batch by batch.
 */
import { createInterface } from 'node:readline'
import { copy } from 'persistdict'
import { OPENERS } from './stores.mjs'

const [from, to] = await Promise.all(
  process.argv.slice(2, 4).map((text) => {
    const { store, place } = JSON.parse(text)
    return OPENERS[store](place)
  }),
)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const target = new Proxy(to, {
  get(dict, name) {
    const member = dict[name]
    if (name === 'setMany') {
      return async (...args) => {
        await lines.next()
        return dict.setMany(...args)
      }
    }
    return typeof member === 'function' ? member.bind(dict) : member
  },
})
console.log('ready')
await copy(from, target, {
  batchSize: 20,
  onProgress: ({ copied, skipped }) => console.log(copied + skipped),
})
await to.close()
console.log('done')
process.exit()
