/**
 * `hold-open.mjs PATH [die]`: opens a dict, says so with its identity or with the error's code, and keeps it
 * open until its input ends; or is killed in the same turn, which is soon after opening at any speed.
 */
import { readFileSync } from 'node:fs'
import { open } from 'persistdict'

try {
  const dict = open(process.argv[2])
  dict.set('opened by', process.pid)
  dict.flushSync()
  const stat = readFileSync('/proc/self/stat', 'latin1')
  console.log(`open ${stat.split(' ')[0]} ${dict.size}`)
  if (process.argv[3] === 'die') process.kill(process.pid, 'SIGKILL')
  process.stdin.resume().on('end', () => dict.close())
} catch (error) {
  console.log(error.code ?? error)
}
