// Sets, expires and deletes entries of a directory until it is ended. Says "ready" after the first round.
import { open } from 'persistdict'

const [path] = process.argv.slice(2)
const dict = open(path, { durability: 'commit' })
const users = dict.namespace('users')
for (let round = 0; ; round++) {
  dict.transaction(() => {
    for (let at = 0; at < 20; at++) {
      const key = `${'k'.repeat(at % 2 === 0 ? 5 : 600)} ${(round * 7 + at) % 500}`
      dict.set(key, { round, at }, at % 3 === 0 ? { ttl: 5 } : undefined)
      users.set(key, round)
      if (at % 4 === 0) users.delete(key)
    }
  })
  if (round % 50 === 0) dict.sweep()
  if (round === 0) console.log('ready')
  // Signals are heard between turns only.
  if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
}
