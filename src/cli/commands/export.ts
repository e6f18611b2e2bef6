import { pathsWithin, within } from '../../dict/copy/copy.js'
import type { DictEntry } from '../../dict/face.js'
import { UnreadableRecordError, UnreadableTagError } from '../../errors/value-errors.js'
import { command, NAMESPACE } from '../command.js'
import { beginLine, endLine, entryLine } from '../entry-line.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import type { Io } from '../io.js'
import { intoFile } from '../output/into-file.js'
import { type Progress, progressOf } from '../output/progress.js'
import type { Report } from '../output/report.js'
import { counted, shownKey } from '../output/text.js'
import { type AnyDict, STORE, withDict } from '../store-place.js'

/** Entries asked for at once: over a network, they share the way. */
const BATCH = 64

export const exportEntries = command({
  name: 'export',
  summary: 'Write all entries as JSON Lines.',
  details:
    'Namespaces, deadlines and tags included; docs/cli.md describes the lines. Others may use the store meanwhile: each entry is as of when it is read. Exits with 1 if an entry could not be read; it is left out, and named on standard error.',
  args: [STORE],
  options: {
    namespace: NAMESPACE,
    alone: { type: 'boolean', about: 'Leave out the namespaces within.' },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      about: 'Write into a file, which is there when all of it is. Default: standard output.',
    },
  },
  examples: [
    { line: 'export ./cache -o cache.jsonl', about: 'everything, into a file' },
    { line: 'export ./cache -n users | gzip > users.jsonl.gz', about: 'one namespace' },
  ],
  async run({ args: [place = ''], options, io, report }): Promise<ExitCode> {
    const { namespace, output, alone = false } = options
    return withDict(place, { io, namespace }, async (dict) => {
      const write = (lines: Report) => exportTo(lines, dict, alone, io)
      const { entries, unreadable } =
        output === undefined ? await write(report) : await intoFile(output, io, write)
      if (output !== undefined) {
        await report.say(
          { entries, unreadable },
          () => `${counted(entries, 'entry', 'entries')} exported`,
        )
      }
      return unreadable === 0 ? EXIT.done : EXIT.no
    })
  },
})

interface Exported {
  readonly entries: number
  readonly unreadable: number
}

async function exportTo(out: Report, dict: AnyDict, isAlone: boolean, io: Io): Promise<Exported> {
  const { store } = await dict.stats()
  const paths = isAlone ? [[]] : [[], ...(await pathsWithin(dict))]
  const progress = progressOf(io, 'exporting', await totalOf(dict, paths))
  const exporting = new Exporting(out, io, progress)
  try {
    await out.json(beginLine(store, io.clock.now()))
    for (const path of paths) await exporting.dict(within(dict, path), path)
    await out.json(endLine(exporting.entries, exporting.unreadable))
    return exporting
  } finally {
    progress.end()
  }
}

async function totalOf(dict: AnyDict, paths: readonly (readonly string[])[]): Promise<number> {
  const sizes = await Promise.all(paths.map((path) => within(dict, path).size()))
  return sizes.reduce((sum, size) => sum + size, 0)
}

class Exporting implements Exported {
  entries = 0
  unreadable = 0
  readonly #out: Report
  readonly #io: Io
  readonly #progress: Progress

  constructor(out: Report, io: Io, progress: Progress) {
    this.#out = out
    this.#io = io
    this.#progress = progress
  }

  /** In the order of insertion, which an import makes again. */
  async dict(dict: AnyDict, path: readonly string[]): Promise<void> {
    let batch: string[] = []
    for await (const key of dict.keys({ order: 'insertion' })) {
      batch.push(key)
      if (batch.length < BATCH) continue
      await this.#batch(dict, path, batch)
      batch = []
    }
    await this.#batch(dict, path, batch)
  }

  async #batch(dict: AnyDict, path: readonly string[], keys: readonly string[]): Promise<void> {
    this.#io.signal.throwIfAborted()
    const found = await Promise.all(keys.map((key) => this.#entry(dict, key)))
    for (const entry of found) {
      // Gone or expired meanwhile, or unreadable.
      if (entry === undefined) continue
      await this.#out.json(entryLine(path, entry))
      this.entries++
    }
    this.#progress.at(this.entries)
  }

  async #entry(dict: AnyDict, key: string): Promise<DictEntry<string, unknown> | undefined> {
    try {
      return await dict.getEntry(key)
    } catch (error) {
      const isOne = error instanceof UnreadableRecordError || error instanceof UnreadableTagError
      if (!isOne) throw error
      this.unreadable++
      this.#progress.end()
      this.#io.stderr.write(`persistdict: ${shownKey(key)} was left out: ${error.message}\n`)
      return undefined
    }
  }
}
