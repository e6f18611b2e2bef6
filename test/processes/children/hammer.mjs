/**
 * `hammer.mjs STORE PLACE MS`: adds one to one counter, without a pause, from the line `go` on and for
 * so long. Says how often, and how long the slowest of them took.
 */
import { createInterface } from 'node:readline'
import { OPENERS } from './stores.mjs'

const [store, place, durationMs] = process.argv.slice(2)
const dict = await OPENERS[store](place)

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) if (line === 'go') break

let count = 0
let slowestMs = 0
const end = performance.now() + Number(durationMs)
for (let now = performance.now(); now < end; ) {
  await dict.increment('counter')
  count++
  const after = performance.now()
  slowestMs = Math.max(slowestMs, after - now)
  now = after
}
await dict.close()
console.log(JSON.stringify({ count, slowestMs }))
process.stdin.destroy()
