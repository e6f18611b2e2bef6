import { type Finding, type Rule, resolveImport } from '../tree.js'

/** No file reaches itself through imports, type-only imports included. */
export const importCycles: Rule = {
  name: 'import-cycles',
  check(tree) {
    const edges = new Map(
      tree.src.map((file) => [
        file.path,
        file.imports.flatMap((imported) => resolveImport(file, imported) ?? []),
      ]),
    )
    const findings: Finding[] = []
    const trail: string[] = []
    const done = new Set<string>()
    const visit = (path: string) => {
      const start = trail.indexOf(path)
      if (start >= 0) {
        const cycle = [...trail.slice(start), path]
        findings.push({ path: `src/${path}`, message: `imports itself: ${cycle.join(' → ')}` })
        return
      }
      if (done.has(path)) return
      trail.push(path)
      for (const target of edges.get(path) ?? []) visit(target)
      trail.pop()
      done.add(path)
    }
    for (const path of edges.keys()) visit(path)
    return findings
  },
}
