/**
 * `permissions.mjs DIRECTORY DURABILITY`: as nobody, opens a dict in DIRECTORY; then all permissions are
 * taken away, and given back.
 */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, PathError, PersistDictError } from 'persistdict'

const [directory, durability] = process.argv.slice(2)
const NOBODY = 65_534
if (process.getuid() === 0) process.setuid(NOBODY)
process.on('unhandledRejection', (error) => {
  console.log(`unhandled rejection: ${error}`)
  process.exit(9)
})

const path = join(directory, 'dict')
const dict = open(path, { durability })
const heard = []
dict.on('error', (error) => heard.push(error))
dict.set('before', 1)
await dict.flush()

const modes = everything(path).map((file) => [file, statSync(file).mode])
for (const [file] of modes.toReversed()) chmodSync(file, 0)
// Files that are open stay open: what needs no more of the directory goes on, and the rest says why not.
assert.equal(dict.get('before'), 1)
dict.clearCache()
assert.equal(dict.get('before'), 1)
let refused = 0
for (const attempt of [
  () => dict.set('pending', 2),
  () => dict.flush(),
  () => dict.increment('count'),
  () => dict.compact(),
  () => dict.backup(join(directory, 'backup')),
]) {
  try {
    await attempt()
  } catch (error) {
    refused++
    assert.ok(error instanceof PersistDictError, `${attempt} failed with ${error.stack}`)
    assert.match(error.message, /permissions/)
  }
}
assert.ok(refused >= 3, `refused ${refused}`)
assert.throws(() => open(join(path, 'inner')), PathError)

for (const [file, mode] of modes) chmodSync(file, mode)
dict.set('after', 3)
await dict.flush()
await dict.compact()
assert.equal(dict.get('after'), 3)
if (durability === 'batched') assert.equal(dict.get('pending'), 2)
dict.close()
for (const error of heard) assert.ok(error instanceof PersistDictError, String(error))
console.log('done')

/** A directory, then what is in it. */
function everything(path) {
  if (!statSync(path).isDirectory()) return [path]
  return [path, ...readdirSync(path).flatMap((name) => everything(join(path, name)))]
}
