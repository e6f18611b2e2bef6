import { existsSync } from 'node:fs'
import { keyAt } from '../../config/make-cipher.js'
import { Ld1BlobError } from '../../errors/cipher-errors.js'
import { CliError, inputError, usageError } from '../cli-error.js'
import { command, NAMESPACE } from '../command.js'
import { type ImportedEntry, type Line, lineOf } from '../entry-line.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { Importing } from '../importing.js'
import { inputAt, linesOf } from '../input.js'
import type { Io } from '../io.js'
import { type Progress, progressOf } from '../output/progress.js'
import { counted, visible } from '../output/text.js'
import type { EntryReader } from '../python/persist-dict-store.js'
import { pythonEntries } from '../python/python-store.js'
import type { ValueForm } from '../python/python-value.js'
import { STORE, withDict } from '../store-place.js'

export const importEntries = command({
  name: 'import',
  summary: 'Store the entries of JSON Lines, as "export" writes them, or of a Python store.',
  details:
    'A line needs "key" and "value"; docs/cli.md lists what else it may have. Keys that are there are replaced, so that an import that was interrupted is just begun again. Entries that have expired are skipped. The store is made if it is not there. The stores of PersistDict and LiveDict, the Python packages, are read where their values are JSON: docs/migrate/from-python.md.',
  args: [
    STORE,
    {
      name: 'file',
      about: 'JSON Lines, or a store of Python; "-" or nothing: standard input.',
      isOptional: true,
    },
  ],
  options: {
    namespace: NAMESPACE,
    'keep-existing': { type: 'boolean', about: 'Leave keys that are there as they are.' },
    'keep-going': {
      type: 'boolean',
      about: 'Skip lines that are no entries; say so, and exit with 5 at the end.',
    },
    values: {
      type: 'string',
      value: 'FORM',
      choices: ['json', 'text'],
      about: 'How a Python store has its values. Default: json.',
    },
    'key-env': {
      type: 'string',
      value: 'NAME',
      about: "The variable of the environment with LiveDict's key, as base64 or in hexadecimal.",
    },
    'key-file': { type: 'string', value: 'FILE', about: "The file with LiveDict's key." },
  },
  examples: [
    { line: 'import ./cache cache.jsonl', about: 'what "export" wrote' },
    { line: 'import redis://localhost:6379 - < cache.jsonl', about: 'into another store' },
    { line: 'import ./cache ./python-store', about: 'of PersistDict, with values in JSON' },
    { line: 'import ./cache livedict.db --key-env LIVEDICT_KEY', about: 'of LiveDict 1' },
  ],
  async run({ args: [place = '', path = '-'], options, io, report }): Promise<ExitCode> {
    const { namespace } = options
    const python = {
      form: (options.values ?? 'json') as ValueForm,
      secret: secretOf(options['key-env'], options['key-file']),
    }
    const progress = progressOf(io, 'importing', undefined)
    if (path !== '-' && !existsSync(path)) throw inputError(`There is no file "${path}".`)
    const entries = path === '-' ? undefined : pythonEntries(path, python)
    return withDict(place, { io, namespace, isMade: true }, async (dict) => {
      const keepsExisting = options['keep-existing'] ?? false
      const importing = new Importing(dict, io, progress, keepsExisting)
      const source = { importing, io, progress, keepsGoing: options['keep-going'] ?? false }
      const wrong = await (entries === undefined
        ? importLines(path, source)
        : importPython(entries, source))
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

interface Work {
  readonly importing: Importing
  readonly io: Io
  readonly progress: Progress
  readonly keepsGoing: boolean
}

/** Imports the lines; resolves to how many were wrong and skipped. */
async function importLines(path: string, work: Work): Promise<number> {
  const { importing, io, progress } = work
  let number = 0
  let wrong = 0
  let state: 'open' | 'begun' | 'ended' = 'open'
  try {
    for await (const text of linesOf(inputAt(path, io.stdin))) {
      number++
      if (text.trim() === '') continue
      const line = read(text, number, io.clock.now())
      if (line instanceof Error) {
        skip(line, work)
        wrong++
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

/** The same of the entries of a store of Python's. */
async function importPython(entries: Iterable<EntryReader>, work: Work): Promise<number> {
  const { importing, progress } = work
  let wrong = 0
  try {
    for (const entry of entries) {
      const found = attempted(entry)
      if (found instanceof Error) {
        skip(found, work)
        wrong++
      } else {
        await importing.add(found)
      }
    }
  } finally {
    await importing.flush()
    progress.end()
  }
  return wrong
}

function attempted(read: EntryReader): ImportedEntry | Error {
  try {
    return read()
  } catch (error) {
    if (error instanceof CliError || error instanceof Ld1BlobError) return error
    throw error
  }
}

/** Says what is wrong with one entry, or throws it. */
function skip(error: Error, { io, progress, keepsGoing }: Work): void {
  if (!keepsGoing) throw error
  progress.end()
  io.stderr.write(visible(`persistdict: ${error.message}\n`))
}

function secretOf(env: string | undefined, file: string | undefined): Buffer | undefined {
  if (env !== undefined && file !== undefined) throw usageError('Give --key-env or --key-file.')
  if (env !== undefined) return keyAt({ env }, '--key-env')
  return file === undefined ? undefined : keyAt({ file }, '--key-file')
}

function read(text: string, number: number, now: number): Line | Error {
  try {
    return lineOf(text, now)
  } catch (cause) {
    return inputError(
      `Line ${number} ${(cause as Error).message}. What came before it is stored.`,
      {
        cause,
      },
    )
  }
}
