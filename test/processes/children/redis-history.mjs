/**
 * `redis-history.mjs URL PREFIX NAME SEED OPERATIONS MUTANT`: one process of a history of a dict over
 * Redis; see redis/linearizable.test.ts. It prints `ready`, begins at the instant in the first line of
 * its input, and prints what it did as JSON. Instants are by process.hrtime, which all processes of a
 * host share.
 */
import { createInterface } from 'node:readline'
import { openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'

const [url, prefix, name, seed, operations, mutant] = process.argv.slice(2)
// Every read asks the server: a cached value may be older, by the time that the news of it takes.
const dict = await openAsync(redisStore({ url, prefix, tracking: false }))
const entries = []
let state = Number(seed)
let values = 0

function random(below) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}

/** No value is written twice, so that a value tells which write it is of. */
const fresh = () => `${name}.${++values}`

async function record(key, act) {
  const call = Number(process.hrtime.bigint() - begin)
  const action = await act()
  const end = Number(process.hrtime.bigint() - begin)
  entries.push({ process: Number(name), key, call, return: end, action })
}

async function step() {
  if (random(4) === 0) {
    const by = 1 + random(9)
    const add = async () => ({ kind: 'increment', by, result: await dict.increment('counter', by) })
    return record('counter', add)
  }
  const key = `register ${random(2)}`
  const get = async () => ({ kind: 'get', result: (await dict.get(key)) ?? null })
  const choice = random(10)
  if (choice < 4) return record(key, get)
  const value = fresh()
  if (choice < 5)
    return record(key, () => dict.set(key, value).then(() => ({ kind: 'set', value })))
  if (choice < 6) {
    return record(key, async () => ({ kind: 'delete', result: await dict.delete(key) }))
  }
  if (choice < 7) {
    const insert = () => dict.getOrInsert(key, value)
    return record(key, async () => ({ kind: 'getOrInsert', value, result: await insert() }))
  }
  if (choice < 8) {
    let entry
    await record(key, async () => {
      entry = await dict.getEntry(key)
      return { kind: 'get', result: entry?.value ?? null }
    })
    const expected = entry?.value ?? null
    const swap = () => dict.compareAndSet(key, entry?.version, value)
    return record(key, async () => ({
      kind: 'compareAndSet',
      expected,
      value,
      result: await swap(),
    }))
  }
  return record(key, async () => ({ kind: 'update', from: await update(key, value), value }))
}

async function update(key, value) {
  let from
  if (mutant === 'lost update') {
    from = await dict.get(key)
    await dict.set(key, value)
  } else {
    await dict.update(key, (current) => {
      from = current
      return value
    })
  }
  return from ?? null
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
console.log('ready')
const begin = BigInt((await lines.next()).value)
while (process.hrtime.bigint() < begin);
for (let done = 0; done < Number(operations); done++) await step()
await dict.close()
console.log(JSON.stringify(entries))
lines.return?.()
process.stdin.destroy()
