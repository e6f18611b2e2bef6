// Usage: rotate.mjs PATH [COMMITS]. Seals everything anew with a second key, and says when it ends; or is
// killed right after so many commits of that.
import { aesGcm, lmdbStore, open } from 'persistdict'
import { withPoints } from './faulty-store.mjs'

const [path, commits] = process.argv.slice(2)
const keys = [Buffer.alloc(32, 2), Buffer.alloc(32, 1)]
let left = Number.POSITIVE_INFINITY
const store = withPoints(lmdbStore(path), (point) => {
  if (point === 'committed' && --left === 0) process.kill(process.pid, 'SIGKILL')
})
const dict = open(store, { cipher: aesGcm({ keys }), durability: 'commit', background: false })
if (commits !== undefined) left = Number(commits)
const report = await dict.rotateKeys()
console.log(`end ${JSON.stringify(report)}`)
dict.close()
