/** A read of a cached value allocates nothing: what it costs does not come back as garbage. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** No object takes less; what is below half of it is compiled code and the like, shared by all reads. */
const LEAST_OBJECT_BYTES = 16

/** Prints the bytes of heap that each of many reads has taken, in compiled code. */
const SCRIPT = `
import { open } from 'persistdict'
const dict = open(process.argv[1])
const keys = Array.from({ length: 1_000 }, (_, n) => 'user:' + n)
for (const [id, key] of keys.entries()) dict.set(key, { id, name: 'n' + id })
dict.flushSync()
const READS = { 'get()': (key) => dict.get(key), 'has()': (key) => dict.has(key), 'no read': () => ({}) }
const result = {}
for (const [name, read] of Object.entries(READS)) {
  const loop = new Function('keys', 'read', 'let n = 0; for (let pass = 0; pass < 100; pass++) for (const key of keys) if (read(key)) n++; return n')
  let least = Infinity
  // Until V8 has compiled it: what is interpreted may allocate. Reads that do never get below.
  for (let round = 0; round < 40 && least >= 8; round++) {
    const before = process.memoryUsage().heapUsed
    const reads = loop(keys, read)
    // Less than before: garbage was collected meanwhile, so there was some.
    const taken = process.memoryUsage().heapUsed - before
    if (taken >= 0) least = Math.min(least, taken / reads)
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
      ['--max-semi-space-size=64', '--input-type=module', '-e', SCRIPT, folder],
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
