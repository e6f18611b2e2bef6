/**
 * `crash-writer.mjs PATH LOG NAME SEED DURABILITY`: writes until it is killed, and keeps a log outside
 * the store: what it is about to do, and that it was done. Each line is one write(2), so that it is in
 * the file even if the next instruction never runs.
 *
 *     {"n": 7, "ops": [["a 3", 7], ["a 5", null]]}    intent: values to set, null to delete
 *     {"done": 7}                                     acknowledged: the call has returned
 */
import { openSync, writeSync } from 'node:fs'
import { open } from 'persistdict'

const [path, log, name, seed, durability] = process.argv.slice(2)
const descriptor = openSync(log, 'a')
const append = (line) => writeSync(descriptor, `${JSON.stringify(line)}\n`)

let state = Number(seed)
const random = (below) => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}

/** The length depends on the number, so that a value torn from two writes is seen. */
const recordOf = (n) => ({ n, text: `${n} `.repeat(n % 700), end: n })
const keys = Array.from({ length: 12 }, (_, at) => `${name} ${at}`)

// What is opened and closed often is killed in between as well.
let dict = open(path, { durability })
// Numbers go on where the last life ended, so that no two writes look alike.
for (let n = Number(process.argv[7]); ; n++) {
  const ops = Array.from({ length: 1 + random(3) }, () => {
    const key = keys[random(keys.length)]
    return [key, random(4) === 0 ? null : n]
  })
  append({ n, ops })
  write(n, ops)
  append({ done: n })
  if (random(40) === 0) {
    dict.close()
    dict = open(path, { durability })
  }
}

function write(n, ops) {
  const [first] = ops
  if (ops.length === 1 && first[1] === null) dict.delete(first[0])
  else if (ops.length === 1) dict.set(first[0], recordOf(n), { ttl: random(2) ? '1d' : null })
  else {
    dict.transaction((inside) => {
      for (const [key, value] of ops) {
        if (value === null) inside.delete(key)
        else inside.set(key, recordOf(n), { ttl: random(2) ? '1d' : null })
      }
    })
  }
  // Deletes of absent keys write nothing, and there is nothing to wait for.
  if (durability === 'batched') dict.flushSync()
}
