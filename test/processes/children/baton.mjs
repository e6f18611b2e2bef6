/**
 * A counter that one side puts up and the other waits for, without either event loop: between
 * processes in a file, between threads in shared memory. It says nothing of the dict's own state.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** Looks before a waiting process lets others have the processor for a moment. */
const LOOKS = 200
const NAP_MS = 0.05
const nap = new Int32Array(new SharedArrayBuffer(4))

/** Nobody waits longer than that for the other side: it is dead, and the test must end. */
const PATIENCE_MS = 45_000

export function fileBaton(path) {
  const descriptor = openSync(path, 'a+')
  const read = openSync(path, 'r')
  const bytes = Buffer.alloc(1)
  let length = 0
  return {
    /** Puts the counter up to `round`: the file is as long as the count. */
    pass(round) {
      for (; length < round; length++) writeSync(descriptor, '.')
    },
    await(round) {
      waitUntil(() => readSync(read, bytes, 0, 1, round - 1) === 1, round)
    },
    close() {
      closeSync(descriptor)
      closeSync(read)
    },
  }
}

export function sharedBaton(buffer, slot) {
  const counter = new Int32Array(buffer, slot * 4, 1)
  return {
    pass(round) {
      Atomics.store(counter, 0, round)
      Atomics.notify(counter, 0)
    },
    await(round) {
      waitUntil(() => Atomics.load(counter, 0) >= round, round)
    },
    close() {},
  }
}

/** Waits in one synchronous loop. */
export function waitUntil(isDone, what) {
  const start = performance.now()
  for (let looks = 1; !isDone(); looks++) {
    if (looks % LOOKS !== 0) continue
    if (performance.now() - start > PATIENCE_MS) throw new Error(`waited in vain for ${what}`)
    Atomics.wait(nap, 0, 0, NAP_MS)
  }
}
