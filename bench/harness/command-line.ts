/** What was asked for on the command line. */
import { parseArgs } from 'node:util'

export interface Command {
  /** Cases to run, in the list's order. */
  readonly cases: readonly string[]
  readonly json: boolean
  readonly quick: boolean
  readonly write: boolean
  readonly seed: number
  /** A file of ratios that must not have become worse. */
  readonly against: string | undefined
  /** Whether to write the ratios of this run into the committed one. */
  readonly baseline: boolean
}

const DEFAULT_SEED = 1

/** Throws if an option is unknown, or if a term is part of no case's name. */
export function readCommand(args: readonly string[], all: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(DEFAULT_SEED) },
      against: { type: 'string' },
      baseline: { type: 'boolean', default: false },
    },
  })
  const { json, quick, write, against, baseline } = values
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed)) throw new RangeError(`--seed is no integer: ${values.seed}`)
  for (const term of positionals) {
    if (all.some((name) => name.includes(term))) continue
    throw new RangeError(`No case has "${term}" in its name. The cases are: ${all.join(', ')}.`)
  }
  const wanted = (name: string) => positionals.some((term) => name.includes(term))
  const cases = positionals.length === 0 ? [...all] : all.filter(wanted)
  return { cases, json, quick, write, seed, against, baseline }
}
