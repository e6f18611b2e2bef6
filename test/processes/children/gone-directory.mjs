/** `gone-directory.mjs PATH WAY`: the directory goes away under an open dict. */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { open, StoreGoneError } from 'persistdict'

const [path, way] = process.argv.slice(2)
const isGone = (error) => {
  assert.ok(error instanceof StoreGoneError, String(error))
  assert.equal(error.code, 'ERR_PERSISTDICT_STORE_GONE')
  assert.ok(error.message.includes(path))
  return true
}

const dict = open(path)
dict.set('before', 1)
dict.flushSync()
if (way === 'moved') renameSync(path, `${path} moved`)
else rmSync(path, { recursive: true })
if (way === 'made anew') mkdirSync(path)

dict.set('pending', 2)
await assert.rejects(dict.flush(), isGone)
assert.throws(() => dict.flushSync(), isGone)
assert.equal(dict.stats().pendingWrites, 1)
assert.equal(dict.get('pending'), 2)
assert.equal(dict.get('before'), 1)

if (way === 'moved') {
  renameSync(`${path} moved`, path)
  dict.flushSync()
  assert.equal(dict.stats().pendingWrites, 0)
  dict.close()
} else if (way === 'left to the exit') {
  console.log('at exit')
} else {
  // A new dict in the same place has nothing to do with the old one, even where the file system
  // gives it the old inode.
  const fresh = open(path)
  assert.equal(fresh.get('before'), undefined)
  fresh.set('fresh', 3)
  fresh.flushSync()
  assert.equal(dict.get('fresh'), undefined)
  // What cannot be saved is told once; then the dict is closed.
  assert.throws(() => dict.close(), isGone)
  dict.close()
  assert.throws(() => dict.get('pending'), { code: 'ERR_PERSISTDICT_CLOSED' })
  assert.equal(fresh.get('fresh'), 3)
  fresh.close()
  const again = open(path)
  assert.equal(again.get('fresh'), 3)
  again.close()
}
console.log('done')
