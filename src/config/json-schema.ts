/** The model as JSON Schema, by which editors check and complete configurations. */
import { z } from 'zod'
import { inputModel } from './check-config.js'
import { DESCRIPTIONS, PLACE_DESCRIPTIONS } from './descriptions.js'

/** A JSON Schema, by its keywords. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema (draft 2020-12) of configuration files. It also lies in the package, as
 * docs/config.schema.json: name it as "$schema" in a configuration, and an editor completes it.
 */
export function configSchema(): JsonSchema {
  const schema = z.toJSONSchema(inputModel, { io: 'input' }) as Node
  describe(schema, '')
  const properties = { $schema: { type: 'string' }, ...schema.properties }
  return {
    ...schema,
    title: 'Configuration of persistdict',
    properties,
    anyOf: [{ required: ['store'] }, { required: ['preset'] }],
  }
}

/** The keywords of JSON Schema that zod uses for trees. */
interface Node {
  description?: string
  const?: unknown
  properties?: Record<string, Node>
  additionalProperties?: Node | boolean
  items?: Node
  anyOf?: readonly Node[]
  oneOf?: readonly Node[]
}

/** Puts the line on each setting to it. */
function describe(node: Node, path: string): void {
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = node
  const kind = properties.kind?.const
  const prefix = kind === undefined ? path && `${path}.` : `${kind}.`
  for (const [name, inner] of Object.entries(properties)) {
    const line = DESCRIPTIONS[prefix + name] ?? PLACE_DESCRIPTIONS[name]
    if (line !== undefined) inner.description = line
    describe(inner, prefix + name)
  }
  for (const inner of [...anyOf, ...oneOf]) describe(inner, path)
  if (items !== undefined) describe(items, path)
  if (typeof additionalProperties === 'object') describe(additionalProperties, `${path}.*`)
}
