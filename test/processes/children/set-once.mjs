/** `set-once.mjs PATH KEY VALUE`: says so before it sets the key, and after. */
import { open } from 'persistdict'

const [path, key, value] = process.argv.slice(2)
const dict = open(path, { durability: 'commit' })
console.log('begin')
dict.set(key, value)
console.log('set')
dict.close()
