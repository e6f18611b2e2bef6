/**
 * The built package in one breath: `node smoke.mjs FOLDER`. Plain JavaScript without a runner, so
 * that it starts on every version of Node. Prints the version; throws where something is wrong.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { open } from 'persistdict'

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

console.log(`smoke on node ${process.version}`)
