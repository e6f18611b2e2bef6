/**
 * `beside-stopped.mjs '{ path, durability, busyTimeoutMs, listens }'`: uses a dict beside a process that holds its
 * lock. Each line of its input is a step, and each is answered by a line of JSON: what it returned, or
 * the error. `told` waits for an `error` event, if it `listens`.
 */
import { createInterface } from 'node:readline'
import { open } from 'persistdict'

const { path, durability, busyTimeoutMs, listens } = JSON.parse(process.argv[2])
const dict = open(path, { durability, lmdb: { busyTimeoutMs }, background: 'disabled' })
const told = []
if (listens) dict.on('error', (error) => told.push(error.code))

let runs = 0
const STEPS = {
  set: () => void dict.set('written', true),
  get: () => dict.get('before'),
  all: () => dict.toObject(),
  told: async () => {
    while (told.length === 0) await new Promise(setImmediate)
    return told.length > 0
  },
  flush: () => dict.flush(),
  transaction: () => dict.transaction(() => ++runs),
  'try 200 times': () => {
    let refused = 0
    for (let at = 0; at < 200; at++) {
      try {
        dict.transaction(() => {})
      } catch {
        refused++
      }
    }
    return refused
  },
  runs: () => runs,
  backup: async () => (await dict.backup(`${path}-backup`)) && 'done',
  compact: async () => (await dict.compact()) && 'done',
  close: () => dict.close(),
}

console.log('open')
for await (const step of createInterface({ input: process.stdin })) {
  if (step === 'exit') process.exit()
  console.log(JSON.stringify(await answer(STEPS[step])))
}

async function answer(step) {
  try {
    return { value: await step() }
  } catch ({ code, message, holder, path, waitedMs }) {
    return { code, message, holder, path, waited: waitedMs > 0 }
  }
}
