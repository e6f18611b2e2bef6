/**
 * `contender.mjs SETTINGS`: one of several processes that change the same few keys by read-modify-write,
 * `rounds` times each way, from the line `go` on. Says what it did, as JSON.
 *
 *     { store, place, name, rounds }
 *     { name, increments, updates, swaps, moved, inserted: [what getOrInsert returned, by round] }
 */
import { createInterface } from 'node:readline'
import { OPENERS } from './stores.mjs'

const { store, place, name, rounds } = JSON.parse(process.argv[2])
const dict = await OPENERS[store](place)

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) if (line === 'go') break

const done = { name, increments: 0, updates: 0, swaps: 0, moved: 0, inserted: [] }
for (let round = 0; round < rounds; round++) {
  await dict.increment('sum', round)
  done.increments += round

  await dict.update('list', (list = []) => [...list, `${name} ${round}`])
  done.updates++

  const entry = await dict.getEntry('swapped')
  const next = (entry?.value ?? 0) + 1
  if (await dict.compareAndSet('swapped', entry?.version, next)) done.swaps++

  done.inserted.push(await dict.getOrInsert(`first ${round}`, name))

  // Only synchronous dicts have transactions.
  if (dict.transaction !== undefined) {
    dict.transaction(() => {
      dict.set('from', (dict.get('from') ?? 0) - round)
      dict.set('to', (dict.get('to') ?? 0) + round)
      done.moved += round
    })
  }
}
await dict.close()
console.log(JSON.stringify(done))
process.stdin.destroy()
