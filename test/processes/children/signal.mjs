/** `signal.mjs PATH MODE`: has something pending when a signal comes. */
import { open } from 'persistdict'

const [path, mode] = process.argv.slice(2)
const dict = open(path, { flushOnSignals: mode !== 'off' })
dict.set('flushed', true)
dict.flushSync()

if (mode === 'closed') dict.close()
else await pend('pending')

let round = 0
if (mode === 'listener') {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      const { pendingWrites } = dict.stats()
      round++
      console.log(`listener heard ${signal}, ${pendingWrites} pending, round ${round}`)
      // Pending again, for the next signal.
      if (round === 1) dict.set('key', `pending in round ${round}`)
    })
  }
  process.stdin.on('end', () => process.exit(5)).resume()
} else {
  setInterval(() => {}, 1_000)
}
console.log('written')

/**
 * Pending writes are committed at the end of the turn unless a commit was just made; several commits
 * in a row make the pause long enough for the write to be pending when the signal comes, mostly. What
 * the test says holds either way.
 */
async function pend(value) {
  for (let at = 0; at < 3; at++) {
    dict.set('key', at)
    await dict.flush()
  }
  dict.set('key', value)
}
