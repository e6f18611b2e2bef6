/** Writes docs/config.schema.json, by which editors check configurations: `npm run docs:schema`. */
import { writeFileSync } from 'node:fs'
import { configSchema } from 'persistdict/config'

const file = new URL('config.schema.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(configSchema(), undefined, 2)}\n`)
