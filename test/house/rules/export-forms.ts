import { lineAt } from '../scan.js'
import type { Rule } from '../tree.js'

const FORBIDDEN = [
  { pattern: /\bexport\s+default\b|\bas\s+default\b/g, message: 'has a default export' },
  {
    pattern: /\bexport\s+(?:type\s+)?\*/g,
    message: 'exports *: what it offers cannot be read off',
  },
]

/** Exports have names, and every name is written down. */
export const exportForms: Rule = {
  name: 'export-forms',
  check(tree) {
    return tree.src.flatMap((file) =>
      FORBIDDEN.flatMap(({ pattern, message }) =>
        [...file.code.matchAll(pattern)].map((match) => ({
          path: `src/${file.path}`,
          line: lineAt(file.code, match.index),
          message,
        })),
      ),
    )
  },
}
