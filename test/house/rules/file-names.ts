import type { Finding, Rule } from '../tree.js'

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/

/** Names that say where something was put, not what it is. */
const EMPTY_WORDS = /(^|-)(utils?|helpers?|misc)$|^(common|shared|types)$/

/** Files and folders of code are kebab-case nouns. `.test` and the like may follow. */
export const fileNames: Rule = {
  name: 'file-names',
  check(tree) {
    const findings: Finding[] = []
    for (const path of tree.codePaths) {
      for (const name of path.split('/')) {
        const stem = name.replace(/\..*$/, '')
        if (!KEBAB_CASE.test(stem)) findings.push({ path, message: `"${name}" is not kebab-case` })
        if (EMPTY_WORDS.test(stem)) {
          findings.push({ path, message: `"${name}" does not say what is in it` })
        }
      }
    }
    return findings
  },
}
