import { statSync } from 'node:fs'
import { inputError } from '../cli-error.js'
import { command, NAMESPACE } from '../command.js'
import { type Line, lineOf } from '../entry-line.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { Importing } from '../importing.js'
import { inputAt, linesOf } from '../input.js'
import type { Io } from '../io.js'
import { type Progress, progressOf } from '../output/progress.js'
import { counted } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const importEntries = command({
  name: 'import',
  summary: 'Store the entries of JSON Lines, as "export" writes them.',
  details:
    'A line needs "key" and "value"; docs/cli.md lists what else it may have. Keys that are there are replaced, so that an import that was interrupted is just begun again. Entries that have expired are skipped. The store is made if it is not there.',
  args: [
    STORE,
    { name: 'file', about: 'The file; "-" or nothing: standard input.', isOptional: true },
  ],
  options: {
    namespace: NAMESPACE,
    'keep-existing': { type: 'boolean', about: 'Leave keys that are there as they are.' },
    'keep-going': {
      type: 'boolean',
      about: 'Skip lines that are no entries; say so, and exit with 5 at the end.',
    },
  },
  examples: [
    { line: 'import ./cache cache.jsonl', about: 'what "export" wrote' },
    { line: 'import redis://localhost:6379 - < cache.jsonl', about: 'into another store' },
  ],
  async run({ args: [place = '', path = '-'], options, io, report }): Promise<ExitCode> {
    const { namespace } = options
    const progress = progressOf(io, 'importing', undefined)
    if (path !== '-' && !statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw inputError(`There is no file "${path}".`)
    }
    return withDict(place, { io, namespace, isMade: true }, async (dict) => {
      const keepsExisting = options['keep-existing'] ?? false
      const importing = new Importing(dict, io, progress, keepsExisting)
      const wrong = await importLines(path, importing, io, progress, options['keep-going'] ?? false)
      const { imported, skipped } = importing
      await report.say({ imported, skipped, wrong }, () => {
        const parts = [`${counted(imported, 'entry', 'entries')} imported`]
        if (skipped > 0) parts.push(`${skipped} skipped`)
        if (wrong > 0) parts.push(`${counted(wrong, 'line')} wrong`)
        return parts.join(', ')
      })
      return wrong === 0 ? EXIT.done : EXIT.input
    })
  },
})

/** Imports the lines; resolves to how many were wrong and skipped. */
async function importLines(
  path: string,
  importing: Importing,
  io: Io,
  progress: Progress,
  keepsGoing: boolean,
): Promise<number> {
  let number = 0
  let wrong = 0
  let state: 'open' | 'begun' | 'ended' = 'open'
  try {
    for await (const text of linesOf(inputAt(path, io.stdin))) {
      number++
      if (text.trim() === '') continue
      const line = read(text, number)
      if (line instanceof Error) {
        if (!keepsGoing) throw line
        wrong++
        progress.end()
        io.stderr.write(`persistdict: ${line.message}\n`)
      } else if (line.kind === 'entry') {
        await importing.add(line.entry)
      } else {
        state = line.kind === 'begin' ? 'begun' : 'ended'
      }
    }
  } finally {
    await importing.flush()
    progress.end()
  }
  if (state === 'begun') {
    throw inputError(
      `The export was cut off: line ${number} is its last, and no end. What it has is stored.`,
    )
  }
  return wrong
}

function read(text: string, number: number): Line | Error {
  try {
    return lineOf(text)
  } catch (cause) {
    return inputError(
      `Line ${number} ${(cause as Error).message}. What came before it is stored.`,
      {
        cause,
      },
    )
  }
}
