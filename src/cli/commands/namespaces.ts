import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { shownPath } from '../output/text.js'
import { type AnyDict, STORE, withDict } from '../store-place.js'

export const namespaces = command({
  name: 'namespaces',
  summary: 'List the namespaces that hold entries.',
  details:
    'Names within names are parted by "/". Name one to other commands with -n, once for each name.',
  args: [STORE],
  options: {},
  examples: [{ line: 'namespaces ./cache', about: 'their names, and how many entries each has' }],
  async run({ args: [place = ''], io, report }): Promise<ExitCode> {
    await withDict(place, { io }, async (dict) => {
      const rows: { namespace: readonly string[]; entries: number }[] = []
      for await (const namespace of dict.namespaces()) {
        const inner = namespace.reduce<AnyDict>((outer, name) => outer.namespace(name), dict)
        rows.push({ namespace, entries: await inner.size() })
      }
      await report.table(rows, [
        { title: 'NAMESPACE', of: ({ namespace }) => shownPath(namespace) },
        { title: 'ENTRIES', of: ({ entries }) => String(entries), align: 'end' },
      ])
    })
    return EXIT.done
  },
})
