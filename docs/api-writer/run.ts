/** `npm run docs`: writes the API reference into docs/api, and says what it lacks. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readEntryPoints } from './entry-points.js'
import { findingsIn } from './findings.js'
import { referenceOf } from './reference.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'docs/api')
const entries = readEntryPoints(root)
const pages = referenceOf(entries)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const { name, text } of pages) writeFileSync(join(folder, name), text)
console.log(`docs/api: ${pages.length} pages`)
for (const finding of findingsIn(entries)) console.error(finding)
