// Usage: rotate.mjs PATH. Seals everything anew with a second key, and says when it begins and ends.
import { aesGcm, open } from 'persistdict'

const [path] = process.argv.slice(2)
const keys = [Buffer.alloc(32, 2), Buffer.alloc(32, 1)]
const dict = open(path, { cipher: aesGcm({ keys }), durability: 'commit', background: false })
console.log('begin')
const report = await dict.rotateKeys()
console.log(`end ${JSON.stringify(report)}`)
dict.close()
