import { LAYERS, levelOf, unitOf } from '../layers.js'
import { type Finding, type Rule, resolveImport } from '../tree.js'

/** Imports point down the table in layers.ts, or stay inside their unit. */
export const layerDirections: Rule = {
  name: 'layer-directions',
  check(tree) {
    const findings: Finding[] = []
    for (const unit of new Set(tree.src.map((file) => unitOf(file.path)))) {
      if (levelOf(unit) !== undefined) continue
      findings.push({ path: `src/${unit}`, message: 'has no layer; name it in layers.ts' })
    }
    for (const file of tree.src) {
      for (const imported of file.imports) {
        const target = resolveImport(file, imported)
        if (target === undefined) continue
        const fault = target.startsWith('..')
          ? 'is outside src'
          : faultBetween(unitOf(file.path), unitOf(target))
        if (!fault) continue
        const message = `imports ${imported.specifier}, which ${fault}`
        findings.push({ path: `src/${file.path}`, line: imported.line, message })
      }
    }
    return findings
  },
}

function faultBetween(from: string, to: string): string | undefined {
  if (from === to) return undefined
  const fromLevel = levelOf(from)
  const toLevel = levelOf(to)
  if (fromLevel === undefined || toLevel === undefined) return undefined
  if (toLevel > fromLevel) return `is above it (${titleOf(toLevel)} over ${titleOf(fromLevel)})`
  if (toLevel === fromLevel && !LAYERS[toLevel]?.siblingsMeet) {
    return `is its sibling (both ${titleOf(toLevel)})`
  }
  return undefined
}

function titleOf(level: number): string | undefined {
  return LAYERS[level]?.title
}
