/**
 * Reads and writes some entries of a store, and prints how much memory is this process's own: the pages
 * of the file belong to the system, which may drop them. Its arguments: the store, and the keys.
 */
import { readFileSync } from 'node:fs'
import { open } from 'persistdict'

const [, , path = '', keys = ''] = process.argv
const dict = open<Record<string, unknown>>(path, { background: 'disabled' })
for (const key of keys.split(' ')) dict.set(key, dict.get(key))
dict.flushSync()
globalThis.gc?.()
const status = readFileSync('/proc/self/status', 'utf8')
console.log(Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024)
dict.close()
