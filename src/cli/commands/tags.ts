import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { counted, shownKey } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'
import { Turns } from '../turns.js'

export const tags = command({
  name: 'tags',
  summary: 'List the tags of entries, or invalidate them.',
  details:
    'Listing reads all entries of the dict or namespace; invalidating takes no longer for many.',
  args: [STORE],
  options: {
    namespace: NAMESPACE,
    invalidate: {
      type: 'string',
      multiple: true,
      value: 'TAG',
      about: 'All entries with the tag are gone at once, for every process; again for more tags.',
    },
  },
  examples: [
    { line: 'tags ./cache', about: 'each tag, and how many entries have it' },
    { line: 'tags ./cache --invalidate user:42', about: 'all of them are gone' },
  ],
  async run({ args: [place = ''], options, io, report }): Promise<ExitCode> {
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      const { invalidate } = options
      if (invalidate !== undefined) {
        await dict.invalidateTag(...invalidate)
        await dict.flush()
        await report.say(
          { invalidated: invalidate },
          () => `${counted(invalidate.length, 'tag')} invalidated`,
        )
        return EXIT.done
      }
      const counts = new Map<string, number>()
      const turns = new Turns(io.signal)
      for await (const key of dict.keys()) {
        await turns.step()
        const entry = await dict.getEntry(key)
        for (const tag of entry?.tags ?? []) counts.set(tag, (counts.get(tag) ?? 0) + 1)
      }
      const rows = Array.from(counts, ([tag, entries]) => ({ tag, entries }))
      rows.sort((a, b) => b.entries - a.entries || (a.tag < b.tag ? -1 : 1))
      await report.table(rows, [
        { title: 'TAG', of: ({ tag }) => shownKey(tag) },
        { title: 'ENTRIES', of: ({ entries }) => String(entries), align: 'end' },
      ])
      return EXIT.done
    })
  },
})
