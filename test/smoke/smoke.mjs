/**
 * The built package in one breath: `node smoke.mjs FOLDER`. Plain JavaScript without a runner, so
 * that it starts on every version of Node. Prints the version; throws where something is wrong.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { aesGcm, OptionError, open } from 'persistdict'

const path = join(process.argv[2], 'dict')
const values = {
  text: 'naïve ☂',
  list: [1, 2.5, null],
  nested: { when: new Date(0) },
  big: 2n ** 80n,
}

const first = open(path)
for (const [key, value] of Object.entries(values)) first.set(key, value)
assert.deepEqual(first.get('list'), values.list)
first.object.count = 1
first.object.count += 1
first.object.nested.seen = true
assert.equal(first.delete('text'), true)
first.close()

const second = open(path)
assert.deepEqual(Object.keys(second.object), ['list', 'nested', 'big', 'count'])
assert.deepEqual({ ...second.get('nested') }, { when: new Date(0), seen: true })
assert.equal(second.get('big'), values.big)
assert.equal(second.object.count, 2)
assert.equal('text' in second.object, false)
assert.equal(second.size, 4)
second.close()

// Encrypted, and compressed in each way that this version of Node has; zstd came with 22.15 and 23.8.
const hasZstd = typeof zlib.zstdCompressSync === 'function'
const [major, minor] = process.versions.node.split('.').map(Number)
assert.equal(hasZstd, major > 23 || (major === 23 && minor >= 8) || (major === 22 && minor >= 15))
const compressors = ['gzip', 'brotli', 'deflate', ...(hasZstd ? ['zstd'] : [])]
const cipher = aesGcm({ keys: [Buffer.alloc(32, 7)] })
const sealedPath = join(process.argv[2], 'sealed')
const text = 'to be or not to be. '.repeat(5_000)
for (const compress of compressors) {
  const dict = open(sealedPath, { cipher, compress })
  dict.set(compress, { text })
  dict.close()
}
const sealed = open(sealedPath, { cipher })
for (const compress of compressors) assert.equal(sealed.get(compress).text, text)
sealed.close()
const files = readdirSync(sealedPath, { recursive: true })
  .map((name) => join(sealedPath, name))
  .filter((path) => statSync(path).isFile())
assert.equal(
  files.some((path) => readFileSync(path).includes('to be or not')),
  false,
)
// 100 kB each, had they not been compressed.
const sizeBytes = files.reduce((sum, path) => sum + statSync(path).size, 0)
assert.ok(sizeBytes < 300_000, `${sizeBytes} bytes`)
if (hasZstd) {
  // What would be too long is not decompressed.
  const bounded = open(sealedPath, { cipher, maxValueBytes: 1_000 })
  assert.throws(() => bounded.get('zstd'), { code: 'ERR_PERSISTDICT_UNREADABLE_RECORD' })
  bounded.close()
} else {
  assert.throws(() => open(sealedPath, { cipher, compress: 'zstd' }), OptionError)
}

console.log(`smoke on node ${process.version}`)
