import { isBuiltin } from 'node:module'
import type { Rule } from '../tree.js'

/** What src imports, users get: a development dependency would be missing at their place. */
export const declaredImports: Rule = {
  name: 'declared-imports',
  check(tree) {
    const { dependencies, peerDependencies } = tree.manifest
    const declared = new Set(Object.keys({ ...dependencies, ...peerDependencies }))
    return tree.src.flatMap((file) =>
      file.imports
        .filter(({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier))
        .filter(({ specifier }) => !declared.has(packageOf(specifier)))
        .map(({ specifier, line }) => ({
          path: `src/${file.path}`,
          line,
          message: `imports ${specifier}, which is neither a dependency nor a peer`,
        })),
    )
  },
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
