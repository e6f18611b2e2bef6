import { kindOf } from './checked-argument.js'
import { OptionError } from './option-error.js'

/**
 * Throws OptionError for what is no object of options, and for the first property that no option has
 * the name of, suggesting the nearest.
 */
export function refuseUnknown(options: object, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError(
      'options',
      `The options of ${where} must be an object, such as { ${known[0]}: … }, and were ${kindOf(options)}.`,
    )
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const nearest = nearestOf(name, known)
    const advice =
      nearest === undefined ? `It takes: ${known.join(', ')}.` : `Did you mean "${nearest}"?`
    throw new OptionError(name, `Unknown option "${name}" of ${where}. ${advice}`)
  }
}

/** A name further away than this is no misspelling of the other. */
const MAX_EDITS = 3

/** The known name that was probably meant; undefined if none is near. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({
    candidate,
    edits: editDistance(name.toLowerCase(), candidate.toLowerCase()),
  }))
  scored.sort((a, b) => a.edits - b.edits)
  const [best] = scored
  const isNear = best !== undefined && best.edits <= Math.min(MAX_EDITS, best.candidate.length / 2)
  return isNear ? best.candidate : known.find((candidate) => candidate.startsWith(name))
}

/** Insertions, deletions and replacements from `a` to `b` (Levenshtein, 1966). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] as number) + 1, (row[j - 1] as number) + 1))
    }
    previous = row
  }
  return previous[b.length] as number
}
