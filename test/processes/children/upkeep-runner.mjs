/**
 * `upkeep-runner.mjs PATH compact|backup STEP [TARGET]`: keeps the dict up, and dies at the step; with
 * the step '-' it goes to the end and says what came of it.
 */
import { subscribe } from 'node:diagnostics_channel'
import { open } from 'persistdict'

const [path, what, deadlyStep, target] = process.argv.slice(2)
const dict = open(path)
subscribe('persistdict:lmdb:upkeep', ({ step }) => {
  if (step === deadlyStep) process.kill(process.pid, 'SIGKILL')
})
console.log('begin')
const report = await (what === 'compact' ? dict.compact() : dict.backup(target))
console.log(JSON.stringify(report))
dict.close()
