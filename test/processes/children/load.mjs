/**
 * `load.mjs '{ path, name, durability, seed, leaks }'`: reads, writes, iterates, and lets entries expire,
 * until the line `stop`. Each line `look N` is answered with what the process holds, as JSON. With `leaks`
 * it keeps a snapshot of the store open: the mutant that the soak must find.
 */
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { lmdbStore, open } from 'persistdict'

const { path, name, durability, seed, leaks } = JSON.parse(process.argv[2])
const store = lmdbStore(path)
const dict = open(store, { durability })
if (leaks) store.snapshot(['rows'])

let state = seed
const random = (below) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}
const KEYS = 5_000
const text = 'value '.repeat(200)
let operations = 0
let errors = 0
let isOver = false
dict.on('error', () => errors++)

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'stop') isOver = true
  else console.log(JSON.stringify({ round: Number(line.split(' ')[1]), ...look() }))
})

while (!isOver) {
  for (let at = 0; at < 50; at++) step()
  // Other processes share the machine: a load, and no race.
  await new Promise((resolve) => setTimeout(resolve, random(8)))
}
dict.close()
process.stdin.destroy()

function step() {
  operations++
  const key = `key ${random(KEYS)}`
  const choice = random(100)
  if (choice < 70) dict.get(key)
  else if (choice < 80) dict.set(key, { n: operations, text: text.slice(random(1_000)) })
  else if (choice < 90) dict.set(`${name} ${operations}`, text, { ttl: 200 + random(2_000) })
  else if (choice < 94) dict.delete(key)
  else if (choice < 97) dict.increment('hits')
  else if (choice < 98) dict.transaction(() => dict.set(key, dict.get('hits')))
  else if (choice < 99) dict.namespace(name).set(key, 1, { ttl: 500 })
  else for (const _ of dict.keys({ gte: key, limit: 20 }));
}

function look() {
  const { rss, heapUsed } = process.memoryUsage()
  globalThis.gc?.()
  return {
    operations,
    errors,
    rss,
    heapUsed,
    descriptors: readdirSync('/proc/self/fd').length,
    readers: dict.stats().engine.readers,
    sizeBytes: dict.stats().sizeBytes,
    entries: dict.size,
  }
}
