/** A read of a cached value allocates nothing: what it costs does not come back as garbage. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** No object takes less; what is below half of it is compiled code and the like, shared by all reads. */
const LEAST_OBJECT_BYTES = 16

/** Young objects of a round all fit, so that none of them is collected before they are counted. */
const ROOM = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']
/** Compiled by the thread that reads: another one might not get its turn in time on a busy machine. */
const V8 = [...ROOM, '--no-concurrent-recompilation']

/** Prints the bytes of heap that each of many reads has taken, in compiled code. */
const SCRIPT = `
import { open } from 'persistdict'
const dict = open(process.argv[1])
const keys = Array.from({ length: 1_000 }, (_, n) => 'user:' + n)
for (const [id, key] of keys.entries()) dict.set(key, { id, name: 'n' + id })
dict.flushSync()
// Kept for a while: an object that nobody else can see is none, once it is compiled.
const kept = new Array(100).fill({})
let at = 0
const READS = { 'get()': (key) => dict.get(key), 'has()': (key) => dict.has(key), 'no read': () => (kept[at++ % 100] = {}) }
const result = {}
for (const [name, read] of Object.entries(READS)) {
  const loop = new Function('keys', 'read', 'let n = 0; for (let pass = 0; pass < 100; pass++) for (const key of keys) if (read(key)) n++; return n')
  let least = Infinity
  // Until V8 has compiled it: what is interpreted may allocate. Reads that do never get below.
  for (let round = 0; round < 40 && least >= 8; round++) {
    gc()
    const before = process.memoryUsage().heapUsed
    const reads = loop(keys, read)
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / reads)
  }
  result[name] = least
}
dict.close()
console.log(JSON.stringify(result))`

test('get() and has() of a cached value allocate nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-allocations-'))
  try {
    const text = execFileSync(
      process.execPath,
      [...V8, '--input-type=module', '-e', SCRIPT, folder],
      { encoding: 'utf8' },
    )
    const bytes = JSON.parse(text) as Record<string, number>
    expect(bytes['get()']).toBeLessThan(LEAST_OBJECT_BYTES / 2)
    expect(bytes['has()']).toBeLessThan(LEAST_OBJECT_BYTES / 2)
    // That a read which allocates would be noticed.
    expect(bytes['no read']).toBeGreaterThan(LEAST_OBJECT_BYTES / 2)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
