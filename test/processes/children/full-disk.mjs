/** `full-disk.mjs DIRECTORY DURABILITY STORE`: fills the file system of a dict, and then makes room again. */
import assert from 'node:assert/strict'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { open, StoreFullError } from 'persistdict'
import { storeAt } from './store-at.mjs'

const [directory, durability, store] = process.argv.slice(2)
process.on('unhandledRejection', (error) => {
  console.log(`unhandled rejection: ${error}`)
  process.exit(9)
})

const filler = join(directory, 'filler')
const place = join(directory, 'dict')
const dict = open(storeAt(store === 'lmdb' ? place : `${store}:${place}`), { durability })
const heard = []
dict.on('error', (error) => heard.push(error))
const text = 'x'.repeat(20_000)
for (let at = 0; at < 20; at++) dict.set(`before ${at}`, `${at} ${text}`)
await dict.flush()

let refused = 0
for (let round = 0; round < 3; round++) {
  fill()
  for (let at = 0; at < 30; at++) await setOnFullDisk(`round ${round} ${at}`)
  rmSync(filler)
  if (durability === 'batched') {
    assert.ok(dict.stats().pendingWrites > 0)
    await dict.flush()
    assert.equal(dict.stats().pendingWrites, 0)
  } else {
    for (let at = 0; at < 30; at++) dict.set(`round ${round} ${at}`, `round ${round} ${at} ${text}`)
    await dict.flush()
  }
  for (let at = 0; at < 30; at++) {
    assert.equal(dict.get(`round ${round} ${at}`), `round ${round} ${at} ${text}`)
  }
  // Makes room for the next round in the file itself.
  for (let at = 0; at < 30; at++) dict.delete(`round ${round} ${at}`)
  await dict.flush()
}
for (let at = 0; at < 30; at++) dict.set(`after ${at}`, `after ${at} ${text}`)
dict.close()
// Some of each round fit into room that the store has already.
assert.ok(refused > 30, `refused ${refused}`)
assert.ok(heard.every((error) => error instanceof StoreFullError))
console.log('done')

async function setOnFullDisk(key) {
  if (durability === 'batched') {
    dict.set(key, `${key} ${text}`)
    assert.equal(dict.get(key), `${key} ${text}`)
    const failure = await dict.flush().then(
      () => undefined,
      (error) => error,
    )
    // The first few may fit into free pages of the file.
    if (failure !== undefined) isFull(failure)
    assert.equal(failure === undefined, dict.stats().pendingWrites === 0)
    if (failure !== undefined) refused++
    assert.equal(dict.get(key), `${key} ${text}`)
  } else {
    try {
      dict.set(key, `${key} ${text}`)
      assert.equal(dict.get(key), `${key} ${text}`)
    } catch (error) {
      isFull(error)
      refused++
      assert.equal(dict.get(key), undefined)
    }
  }
  assert.equal(dict.get('before 7'), `7 ${text}`)
  dict.clearCache()
  assert.equal(dict.get('before 8'), `8 ${text}`)
}

function isFull(error) {
  assert.ok(error instanceof StoreFullError, `failed with ${error}`)
  assert.equal(error.code, 'ERR_PERSISTDICT_STORE_FULL')
  assert.match(error.message, /free some space/i)
}

/** Takes what is left, to the last page. */
function fill() {
  const descriptor = openSync(filler, 'w')
  for (let size = 2 ** 16; size >= 1; size >>= 1) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(size))
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error
    }
  }
  closeSync(descriptor)
}
