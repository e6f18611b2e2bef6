import { isEntry } from '../layers.js'
import { lineAt } from '../scan.js'
import type { Finding, Rule } from '../tree.js'

const RE_EXPORT = /\bexport\s+(?:type\s+)?\{[^}]*\}\s*from\s*(['"])\s*\1;?/g

/** Entry points are tables of contents: `export { … } from` and nothing else. */
export const entryFiles: Rule = {
  name: 'entry-files',
  check(tree) {
    const findings: Finding[] = []
    for (const { path, code } of tree.src) {
      if (!isEntry(path)) continue
      const rest = code.replace(RE_EXPORT, (text) => text.replace(/[^\n]/g, ' '))
      const at = rest.search(/\S/)
      if (at < 0) continue
      const message = 'is an entry point and may hold re-exports only'
      findings.push({ path: `src/${path}`, line: lineAt(rest, at), message })
    }
    return findings
  },
}
