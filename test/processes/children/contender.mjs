/**
 * `contender.mjs NAME`: one of several processes that change the same few keys by read-modify-write. Each
 * line of its input is a contest, as JSON: opens the store, says `ready ID`, and from the line `go` on
 * changes keys, `rounds` times each way. Says `done ID` and what it did, as JSON.
 *
 *     { id, store, place, rounds }
 *     { increments, updates, swaps, moved, inserted: [what getOrInsert returned, by round] }
 */
import { createInterface } from 'node:readline'
import { OPENERS } from './stores.mjs'

const [name] = process.argv.slice(2)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
for (;;) {
  const { value, done } = await lines.next()
  if (done) break
  await contest(JSON.parse(value))
}

async function contest({ id, store, place, rounds }) {
  const dict = await OPENERS[store](place)
  console.log(`ready ${id}`)
  await lines.next()
  const did = { increments: 0, updates: 0, swaps: 0, moved: 0, inserted: [] }
  for (let round = 0; round < rounds; round++) {
    await dict.increment('sum', round)
    did.increments += round

    await dict.update('list', (list = []) => [...list, `${name} ${round}`])
    did.updates++

    const entry = await dict.getEntry('swapped')
    const next = (entry?.value ?? 0) + 1
    if (await dict.compareAndSet('swapped', entry?.version, next)) did.swaps++

    did.inserted.push(await dict.getOrInsert(`first ${round}`, name))

    // Only synchronous dicts have transactions.
    if (dict.transaction !== undefined) {
      dict.transaction(() => {
        dict.set('from', (dict.get('from') ?? 0) - round)
        dict.set('to', (dict.get('to') ?? 0) + round)
        did.moved += round
      })
    }
  }
  await dict.close()
  console.log(`done ${id} ${JSON.stringify(did)}`)
}
