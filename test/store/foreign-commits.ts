/** What somebody elsewhere commits, as a reader here sees it. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SyncStore } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'

export const ROUNDS = 2_000
const KEY = Buffer.from('number')
const DEADLINE_MS = 60_000

/** A file that the writer makes one byte longer after each commit. */
export function saidFile(): string {
  const file = join(tempDirectory(), 'said')
  writeFileSync(file, '')
  return file
}

/**
 * Reads what a writer elsewhere commits, in one synchronous loop: nothing here can depend on events.
 * Whatever the writer said before a read, the read must see. While the change id stays, so does all
 * that is read.
 */
export function watch(store: SyncStore, said: string, rounds = ROUNDS): void {
  const start = performance.now()
  let [number, changeId] = [0, -1]
  while (number < rounds) {
    if (performance.now() - start > DEADLINE_MS) throw new Error(`the writer stopped at ${number}`)
    const before = store.changeId()
    const committed = Math.max(number, statSync(said).size)
    const steps = [
      Number(textOf(store.get('rows', KEY))),
      Number(textOf(store.peek('rows', KEY))),
      Number(textOf(store.scan('rows', {}, 1)[0]?.record)),
      store.due('rows', rounds, 1)[0]?.deadline ?? 0,
      Number(textOf(store.get('rows', KEY))),
    ]
    const isUnchanged = store.changeId() === before
    expect(steps, `after ${committed} had been committed`).toEqual(steps.toSorted((a, b) => a - b))
    expect(steps[0]).toBeGreaterThanOrEqual(committed)
    expect(before).toBeGreaterThanOrEqual(changeId)
    if (isUnchanged) expect(new Set(steps).size, `while the change id stayed ${before}`).toBe(1)
    if (isUnchanged && before === changeId) expect(steps[0]).toBe(number)
    number = steps.at(-1) as number
    changeId = isUnchanged ? before : -1
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '0' : Buffer.from(bytes.subarray(0, bytes.length)).toString()
}
