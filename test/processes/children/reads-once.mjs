// Reads one key of a dict with maxIdle, and ends without closing it: reads-once.mjs DIRECTORY KEY
import { open } from 'persistdict'

const [directory, key] = process.argv.slice(2)
open(directory, { maxIdle: '10s', durability: 'commit' }).get(key)
