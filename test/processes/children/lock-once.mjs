/** Waits for one lock, with nothing else to live for: lock-once.mjs PLACE KEY */
import { open } from 'persistdict'

const [place, key] = process.argv.slice(2)
const dict = open(place)
const lock = await dict.lock(key)
console.log('got')
await lock.release()
dict.close()
