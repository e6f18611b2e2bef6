/** `few-descriptors.mjs PATH`: opens a dict with 0, 1, 2… file descriptors left, until it works. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { open, PathError } from 'persistdict'

const [path, isLimited] = process.argv.slice(2)

if (isLimited === undefined) {
  const again = [process.execPath, fileURLToPath(import.meta.url), path, 'limited']
  const { status, signal } = spawnSync('sh', ['-c', 'ulimit -n 128; exec "$@"', 'sh', ...again], {
    stdio: 'inherit',
  })
  process.exit(signal === null ? status : 99)
}

const kept = open(path)
kept.set('key', 1)
kept.flushSync()
const taken = []
let refused = 0
for (let left = 0; ; left++) {
  take()
  for (let at = 0; at < left; at++) closeSync(taken.pop())
  try {
    const dict = open(`${path} ${left}`)
    dict.set('key', 2)
    dict.close()
    break
  } catch (error) {
    assert.ok(error instanceof PathError, String(error))
    assert.match(error.message, /too many files are open/)
    refused++
  }
}
assert.ok(refused > 0)
// The dict that was open all along never noticed.
take()
assert.equal(kept.get('key'), 1)
kept.set('key', 3)
kept.flushSync()
assert.equal(kept.get('key'), 3)
kept.close()
console.log('done')

function take() {
  try {
    for (;;) taken.push(openSync('/dev/null'))
  } catch (error) {
    assert.equal(error.code, 'EMFILE')
  }
}
