import { pathsWithin } from '../../dict/copy/copy.js'
import type { DictEntry } from '../../dict/face.js'
import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { absent } from '../key-answer.js'
import type { Fact } from '../output/report.js'
import { shownBytes, shownKey, shownSpan, shownTime } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const stat = command({
  name: 'stat',
  summary: 'Describe a store, or an entry.',
  args: [
    STORE,
    { name: 'key', about: 'The key of an entry; left out: the store.', isOptional: true },
  ],
  options: { namespace: NAMESPACE },
  examples: [
    { line: 'stat ./cache', about: 'how many entries, how large' },
    { line: 'stat ./cache ada', about: 'when it was set, when it goes, its tags' },
  ],
  async run({ args: [place = '', key], options, io, report }): Promise<ExitCode> {
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      if (key === undefined) {
        const { store, location, sizeBytes, engine } = await dict.stats()
        const entries = await dict.size()
        const { length: namespaces } = await pathsWithin(dict)
        const facts = { store, location, entries, namespaces, sizeBytes, engine }
        await report.facts(facts, [
          ['store', store],
          ['location', location],
          ['entries', String(entries)],
          ['namespaces', String(namespaces)],
          ['size', shownBytes(sizeBytes)],
          ...Object.entries(engine).map(([name, figure]): Fact => [name, String(figure)]),
        ])
        return EXIT.done
      }
      const entry = await dict.getEntry(key)
      if (entry === undefined) return absent(io, key, report.isJson)
      const { value: _, ...facts } = entry
      await report.facts(facts, entryFacts(entry, io.clock.now()))
      return EXIT.done
    })
  },
})

function entryFacts(entry: DictEntry<string, unknown>, now: number): Fact[] {
  const { key, createdAt, updatedAt, accessedAt, expiresAt, version, tags, sizeBytes } = entry
  const left = expiresAt === undefined ? '' : ` (in ${shownSpan(Math.max(0, expiresAt - now))})`
  const facts: Fact[] = [
    ['key', shownKey(key)],
    ['size', shownBytes(sizeBytes)],
    ['created', shownTime(createdAt)],
    ['updated', shownTime(updatedAt)],
    ['expires', `${shownTime(expiresAt)}${left}`],
    ['tags', tags.map(shownKey).join(', ')],
    ['version', String(version)],
  ]
  if (accessedAt !== undefined) facts.push(['accessed', shownTime(accessedAt)])
  return facts
}
