/** The JSON Schema of configurations, for editors. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inputModel } from '../../src/config/check-config.js'
import { DESCRIPTIONS } from '../../src/config/descriptions.js'
import { configSchema } from '../../src/config/json-schema.js'

interface Node {
  readonly description?: string
  readonly [keyword: string]: unknown
}

/** Every property of the schema that is a setting, with the names that lead to it. */
function settings(node: unknown, path: string): [string, Node][] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, inner]) => {
    const found = settings(inner, `${path}/${name}`)
    const isSetting = path.endsWith('/properties') && name !== '$schema'
    return isSetting ? [[`${path}/${name}`, inner as Node] as [string, Node], ...found] : found
  })
}

test('docs/config.schema.json is what configSchema() says; "npm run docs:schema" writes it', () => {
  const file = new URL('../../docs/config.schema.json', import.meta.url)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(configSchema())
})

test('configSchema() has a line on each setting, and there is none on anything else', () => {
  const all = settings(configSchema(), '')
  expect(all.length).toBeGreaterThan(80)
  expect(
    all.filter(([, { description }]) => description === undefined).map(([path]) => path),
  ).toEqual([])
  const told = new Set(all.map(([, { description }]) => description))
  expect(Object.values(DESCRIPTIONS).filter((line) => !told.has(line))).toEqual([])
})

test('docs/configuration.md names every setting of the dict', () => {
  const file = new URL('../../docs/configuration.md', import.meta.url)
  const table = readFileSync(file, 'utf8').split('## All settings')[1] ?? ''
  const missing = Object.keys(inputModel.shape).filter((name) => !table.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

test('configSchema() lets a preset stand for the store, and refuses a configuration with neither', () => {
  expect(configSchema()).toMatchObject({
    additionalProperties: false,
    anyOf: [{ required: ['store'] }, { required: ['preset'] }],
  })
})
