/**
 * `upkeep-writer.mjs PATH NAME LOG`: counts up in the dict until its input ends, in pairs of keys that
 * belong together, and appends a byte to LOG for each pair that was acknowledged. Looks that no count
 * of anybody ever falls, by cached reads.
 */
import assert from 'node:assert/strict'
import { openSync, writeSync } from 'node:fs'
import { open } from 'persistdict'

const [path, name, log] = process.argv.slice(2)
const dict = open(path, { durability: 'commit' })
const descriptor = openSync(log, 'a')
const seen = new Map()
let isOver = false
process.stdin.resume().on('end', () => {
  isOver = true
})
console.log('begin')
for (let count = 1; !isOver; count++) {
  dict.transaction(() => {
    dict.set(`count ${name}`, count)
    dict.set(`twin ${name}`, count)
  })
  dict.set(`${name} ${count}`, { count, padding: 'p'.repeat(200) }, { ttl: '1d' })
  if (count % 3 === 0) dict.delete(`${name} ${count - 1}`)
  writeSync(descriptor, '.')
  for (const other of ['a', 'b']) {
    const now = dict.get(`count ${other}`) ?? 0
    assert.ok(
      now >= (seen.get(other) ?? 0),
      `count ${other} fell from ${seen.get(other)} to ${now}`,
    )
    seen.set(other, now)
  }
  assert.equal(dict.get(`count ${name}`), count)
  await new Promise(setImmediate)
}
dict.close()
