/**
 * One process of a history; see ../../history/record.ts. Each line of its input is a history to take
 * part in, as JSON: { path, process, seed, operations, durability, changeClock, cache, mutant, log }. It
 * answers `ready`, waits for the line `go NANOSECONDS`, begins at that instant, writes what it did to
 * the log, and answers `done`.
 *
 * Instants are by process.hrtime, which all processes of a host share (CLOCK_MONOTONIC), counted from
 * the beginning.
 */
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { lmdbStore, open } from 'persistdict'
import { wrapped } from './faulty-store.mjs'

const nap = new Int32Array(new SharedArrayBuffer(4))
/** Lets other processes in, in the middle of a turn. */
const NAP_MS = 0.02

async function takePart(settings) {
  const { path, durability, changeClock, cache, log } = settings
  const store = mutated(settings.mutant, lmdbStore(path, { changeClock }))
  const dict = open(store, { durability, ...(cache ? {} : { cache: { maxEntries: 0 } }) })
  const client = new Client(dict, settings)
  console.log('ready')
  const { value } = await input.next()
  const begin = BigInt(value.split(' ')[1])
  while (process.hrtime.bigint() < begin);
  const entries = await client.run(begin)
  dict.close()
  writeFileSync(log, JSON.stringify(entries))
  console.log('done')
}

class Client {
  constructor(dict, { process: name, seed, operations, mutant, durability }) {
    this.dict = dict
    this.name = name
    this.operations = operations
    this.mutant = mutant
    this.isBatched = durability === 'batched'
    this.state = seed
    this.values = 0
    this.entries = []
  }

  random(below) {
    this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) >>> 0
    return (this.state >>> 8) % below
  }

  /** No value is written twice, so that a value tells which write it is of. */
  fresh() {
    return `${this.name}.${++this.values}`
  }

  async run(begin) {
    this.begin = begin
    for (let done = 0; done < this.operations; done++) {
      if (this.random(4) === 0) this.stepOnCounter(`counter ${this.random(2)}`)
      else this.stepOnRegister(`register ${this.random(3)}`)
      const pause = this.random(60)
      if (pause === 0) {
        await new Promise(setImmediate)
        this.entries.push({ kind: 'turn' })
      } else if (pause < 4) Atomics.wait(nap, 0, 0, NAP_MS)
      else if (pause < 8 && this.isBatched) this.record('flush', '', () => this.dict.flushSync())
    }
    this.record('flush', '', () => this.dict.flushSync())
    return this.entries
  }

  stepOnCounter(key) {
    const { dict } = this
    const choice = this.random(20)
    if (choice < 9) this.record('get', key, () => ({ result: dict.get(key) ?? null }))
    else if (choice < 18) {
      const by = 1 + this.random(9)
      this.record('increment', key, () => ({ by, result: this.increment(key, by) }))
    } else if (choice < 19) this.record('delete', key, () => ({ result: this.delete(key) }))
    else this.record('set', key, () => this.set(key, this.random(1_000)))
  }

  stepOnRegister(key) {
    const { dict } = this
    const choice = this.random(20)
    if (choice < 8) this.record('get', key, () => ({ result: dict.get(key) ?? null }))
    else if (choice < 9) this.record('has', key, () => ({ result: dict.has(key) }))
    else if (choice < 12) this.record('set', key, () => this.set(key, this.fresh()))
    else if (choice < 14) this.record('delete', key, () => ({ result: this.delete(key) }))
    else if (choice < 15) this.record('take', key, () => ({ result: dict.take(key) ?? null }))
    else if (choice < 17) this.record('update', key, () => this.update(key, this.fresh()))
    else if (choice < 18) {
      const value = this.fresh()
      const insert = () => ({ value, result: dict.getOrInsert(key, value) })
      this.record('getOrInsert', key, insert)
    } else this.compareAndSet(key, this.fresh())
  }

  record(kind, key, act) {
    const call = this.now()
    const what = act()
    this.entries.push({ kind, key, call, return: this.now(), ...what })
  }

  now() {
    return Number(process.hrtime.bigint() - this.begin)
  }

  set(key, value) {
    this.dict.set(key, value)
    return { value }
  }

  delete(key) {
    if (this.mutant !== 'phantom delete') return this.dict.delete(key)
    const existed = this.dict.has(key)
    this.dict.delete(key)
    return existed
  }

  increment(key, by) {
    const sum = this.dict.increment(key, by)
    if (this.mutant === 'double add' && this.random(20) === 0) this.dict.increment(key, by)
    return sum
  }

  update(key, value) {
    let from
    if (this.mutant === 'lost update') {
      from = this.dict.get(key)
      Atomics.wait(nap, 0, 0, NAP_MS)
      this.dict.set(key, value)
    } else {
      this.dict.update(key, (current) => {
        from = current
        return value
      })
    }
    return { from: from ?? null, value }
  }

  compareAndSet(key, value) {
    const { dict } = this
    let entry
    this.record('getEntry', key, () => {
      entry = dict.getEntry(key)
      return { result: entry?.value ?? null }
    })
    if (this.random(2) === 0) Atomics.wait(nap, 0, 0, NAP_MS)
    this.record('compareAndSet', key, () => {
      const expected = entry?.value ?? null
      if (this.mutant !== 'lost compareAndSet') {
        return { expected, value, result: dict.compareAndSet(key, entry?.version, value) }
      }
      const result = dict.getEntry(key)?.version === entry?.version
      if (result) {
        Atomics.wait(nap, 0, 0, NAP_MS)
        dict.set(key, value)
      }
      return { expected, value, result }
    })
  }
}

function mutated(mutant, store) {
  if (mutant === 'stale cache') return wrapped(store, { changeId: () => 1 })
  if (mutant === 'cached snapshot') return withOldSnapshots(store)
  return store
}

/** The mutant whose reads come from a snapshot that is renewed every hundred reads only. */
function withOldSnapshots(store) {
  const snapshot = new Map()
  let reads = 0
  return wrapped(store, {
    peek(bucket, key) {
      if (++reads % 100 === 0) snapshot.clear()
      const name = `${bucket} ${Buffer.from(key).toString('hex')}`
      if (!snapshot.has(name)) snapshot.set(name, store.get(bucket, key))
      return snapshot.get(name)
    },
  })
}

// Below the class that it needs.
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
for (let { value } = await input.next(); value !== undefined; { value } = await input.next()) {
  await takePart(JSON.parse(value))
}
