import { copy } from '../../dict/copy/copy.js'
import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { progressOf } from '../output/progress.js'
import { counted } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const copyEntries = command({
  name: 'copy',
  summary: 'Copy all entries of a store into another, of any kind.',
  details:
    'Values, deadlines, tags, namespaces and the order of insertion. Each batch is read again and compared. What is there already and equal is left alone: a copy that was interrupted is just begun again. Entries that only the target has stay. The target is made if it is not there.',
  args: [
    { ...STORE, name: 'from' },
    { name: 'to', about: 'The other store.' },
  ],
  options: {
    'from-namespace': {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: 'Copy this namespace, and those within it; again for one within it.',
    },
    'to-namespace': {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: 'Copy into this namespace.',
    },
    alone: { type: 'boolean', about: 'Leave out the namespaces within.' },
  },
  examples: [
    { line: 'copy ./cache sqlite:cache.db', about: 'from LMDB to SQLite' },
    { line: 'copy old.json new.json', about: 'between two configurations, to change settings' },
  ],
  async run({ args: [from = '', to = ''], options, io, report }): Promise<ExitCode> {
    const source = { io, namespace: options['from-namespace'] }
    const target = { io, namespace: options['to-namespace'], isMade: true }
    return withDict(from, source, (fromDict) =>
      withDict(to, target, async (toDict) => {
        const progress = progressOf(io, 'copying', undefined)
        try {
          const { copied, skipped, namespaces } = await copy(fromDict, toDict, {
            namespaces: !options.alone,
            signal: io.signal,
            onProgress: (state) => progress.at(state.copied + state.skipped),
          })
          progress.end()
          await report.say({ copied, skipped, namespaces }, () =>
            [`${counted(copied, 'entry', 'entries')} copied`, `${skipped} equal already`].join(
              ', ',
            ),
          )
        } finally {
          progress.end()
        }
        return EXIT.done
      }),
    )
  },
})
