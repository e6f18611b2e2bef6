import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { absent } from '../key-answer.js'
import { shownSpan } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const ttl = command({
  name: 'ttl',
  summary: 'Print how long an entry has left.',
  details:
    'Exits with 1 if the key is not there. With --json: {"ttlMs": …}, which is null for an entry that never expires.',
  args: [STORE, { name: 'key', about: 'The key.' }],
  options: { namespace: NAMESPACE },
  examples: [{ line: 'ttl ./cache ada', about: '"9m 59s", or "for ever"' }],
  async run({ args: [place = '', key = ''], options, io, report }): Promise<ExitCode> {
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      const left = await dict.ttl(key)
      if (left === undefined) return absent(io, key, report.isJson)
      await report.say({ ttlMs: Number.isFinite(left) ? left : null }, () => shownSpan(left))
      return EXIT.done
    })
  },
})
