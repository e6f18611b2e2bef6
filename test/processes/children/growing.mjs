/**
 * `growing.mjs PATH MAP_BYTES`: opens a dict with a map of that size. `set N BYTES` sets a key to as many
 * bytes, each of them N; `get N` says how many there are, and whether they are right.
 */
import { createInterface } from 'node:readline'
import { open } from 'persistdict'

const [path, mapSizeBytes] = process.argv.slice(2)
const dict = open(path, { durability: 'commit', lmdb: { mapSizeBytes: Number(mapSizeBytes) } })
console.log('open')
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [what, name, bytes] = line.split(' ')
    if (what === 'set') {
      dict.set(name, Buffer.alloc(Number(bytes), Number(name)))
      console.log(`set ${name}`)
    } else {
      const value = dict.get(name)
      console.log(
        `got ${name} ${value?.length} ${value?.equals(Buffer.alloc(value.length, Number(name)))}`,
      )
    }
  })
  .on('close', () => dict.close())
