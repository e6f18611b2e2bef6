import { pathsWithin, within } from '../../dict/copy/copy.js'
import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { shownPath } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'
import { Turns } from '../turns.js'

export const namespaces = command({
  name: 'namespaces',
  summary: 'List the namespaces that hold entries.',
  details:
    'Those within the namespace of a configuration, named from there. Names within names are parted by "/". Name one to other commands with -n, once for each name.',
  args: [STORE],
  options: {},
  examples: [{ line: 'namespaces ./cache', about: 'their names, and how many entries each has' }],
  async run({ args: [place = ''], io, report }): Promise<ExitCode> {
    await withDict(place, { io }, async (dict) => {
      const rows: { namespace: readonly string[]; entries: number }[] = []
      const turns = new Turns(io.signal)
      for (const namespace of await pathsWithin(dict)) {
        await turns.step()
        rows.push({ namespace, entries: await within(dict, namespace).size() })
      }
      await report.table(rows, [
        { title: 'NAMESPACE', of: ({ namespace }) => shownPath(namespace) },
        { title: 'ENTRIES', of: ({ entries }) => String(entries), align: 'end' },
      ])
    })
    return EXIT.done
  },
})
