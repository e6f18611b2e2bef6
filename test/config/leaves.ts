/** The leaves of the model: every setting that is no group of others, by a path. */
import { inputModel } from '../../src/config/check-config.js'
import { alternativesOf, defOf, kindOf, type Schema } from '../../src/config/schema-tree.js'

/**
 * The paths, as in descriptions.ts: those in an object that has a `kind` begin with that. `[]` stands
 * for the numbers of a list, `*` for names that users choose.
 */
export function leaves(): readonly string[] {
  const found = new Set<string>()
  const kinds = new Set<Schema>()
  const visit = (schema: Schema, path: string): void => {
    for (const one of alternativesOf(schema)) {
      const { shape, type, valueType, element } = defOf(one)
      if (shape !== undefined) {
        const kind = kindOf(one)
        if (kind !== undefined && kinds.has(one)) continue
        kinds.add(one)
        const prefix = kind === undefined ? path && `${path}.` : `${String(kind)}.`
        for (const [name, inner] of Object.entries(shape)) visit(inner, prefix + name)
      } else if (type === 'record' && defOf(valueType as Schema).type !== 'unknown') {
        visit(valueType as Schema, `${path}.*`)
      } else if (type === 'array') visit(element as Schema, `${path}[]`)
      else found.add(path)
    }
  }
  visit(inputModel, '')
  return [...found]
}
