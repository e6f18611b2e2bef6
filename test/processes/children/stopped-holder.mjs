/** `stopped-holder.mjs PATH`: stops itself in the middle of a transaction. Whoever continues it sees it commit. */
import { writeSync } from 'node:fs'
import { open } from 'persistdict'

const dict = open(process.argv[2], { durability: 'commit' })
dict.transaction(() => {
  dict.set('holder', 'not yet')
  writeSync(1, 'inside\n')
  process.kill(process.pid, 'SIGSTOP')
  dict.set('holder', 'committed')
})
console.log('done')
dict.close()
