import { isEntry } from '../layers.js'
import type { Finding, Rule } from '../tree.js'

const MANIFEST = './package.json'

/** `exports`, the entry files of src and, once built, the files of dist name the same things. */
export const packageExports: Rule = {
  name: 'package-exports',
  check(tree) {
    const findings: Finding[] = []
    const blame = (message: string) => findings.push({ path: 'package.json', message })
    const { [MANIFEST]: manifest, ...entries } = tree.manifest.exports ?? {}
    if (manifest !== MANIFEST) blame(`"exports" must let "${MANIFEST}" through`)

    const expected = new Set<string>()
    for (const [subpath, target] of Object.entries(entries)) {
      const name = subpath === '.' ? 'index' : subpath.replace('./', '')
      const wanted = { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` }
      // Compared as text, because the order of the conditions decides: "types" has to come first.
      if (JSON.stringify(target) !== JSON.stringify(wanted)) {
        blame(`"exports" of "${subpath}" must be ${JSON.stringify(wanted)}`)
      }
      expected.add(`${name}.ts`)
      for (const path of [`src/${name}.ts`, ...(tree.built ? Object.values(wanted) : [])]) {
        if (!tree.has(path)) blame(`"exports" names "${subpath}" but there is no ${path}`)
      }
    }
    for (const { path } of tree.src) {
      if (isEntry(path) && !expected.has(path)) blame(`"exports" does not name src/${path}`)
    }
    return findings
  },
}
