/** `npm run docs`: writes the API reference into docs/api. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { referenceOf } from './reference.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'docs/api')
const pages = referenceOf(root)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const { name, text } of pages) writeFileSync(join(folder, name), text)
console.log(`docs/api: ${pages.length} pages`)
