/** `reader.mjs PATH`: says what `before` is, and again for each line of its input, until that ends. */
import { createInterface } from 'node:readline'
import { open } from 'persistdict'

const dict = open(process.argv[2], { background: 'disabled' })
console.log(dict.get('before'))
createInterface({ input: process.stdin })
  .on('line', () => console.log(dict.get('before')))
  .on('close', () => dict.close())
