import type { Range } from '../../dict/face.js'
import { usageError } from '../cli-error.js'
import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { shownKey } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

/** Options of commands that go through keys. */
export const RANGE = {
  prefix: { type: 'string', value: 'TEXT', about: 'Only keys that begin with it.' },
  from: { type: 'string', value: 'KEY', about: 'Only this key and those after it.' },
  to: { type: 'string', value: 'KEY', about: 'Only keys before it.' },
  limit: { type: 'string', value: 'N', about: 'At most so many.' },
  reverse: { type: 'boolean', about: 'From the last to the first.' },
  order: {
    type: 'string',
    value: 'ORDER',
    choices: ['key', 'insertion'],
    about: 'By the bytes of the keys, or as they were set. Default: key.',
  },
} as const

export const keys = command({
  name: 'keys',
  summary: 'List keys.',
  details: 'One a line. A key with odd characters in it is shown in quotation marks, escaped.',
  args: [STORE],
  options: {
    namespace: NAMESPACE,
    ...RANGE,
    count: { type: 'boolean', about: 'Print only how many entries there are.' },
  },
  examples: [
    { line: 'keys ./cache --prefix user: --limit 10', about: 'the first ten of a kind' },
    { line: 'keys ./cache -n sessions --count', about: 'how many a namespace has' },
  ],
  async run({ args: [place = ''], options, io, report }): Promise<ExitCode> {
    const { prefix, from, to, limit, reverse, order } = options
    const given = [prefix, from, to, limit, reverse, order].some((each) => each !== undefined)
    if (options.count && given) throw usageError('--count counts all entries. Leave the range out.')
    const range: Range<string> = {
      prefix,
      gte: from,
      lt: to,
      limit: limit === undefined ? undefined : limitOf(limit),
      reverse,
      order: order as Range<string>['order'],
    }
    await withDict(place, { io, namespace: options.namespace }, async (dict) => {
      if (options.count) {
        const count = await dict.size()
        await report.say({ count }, () => String(count))
        return
      }
      for await (const key of dict.keys(range)) await report.say(key, () => shownKey(key))
    })
    return EXIT.done
  },
})

function limitOf(word: string): number {
  if (/^\d+$/.test(word)) return Number(word)
  throw usageError(`--limit takes a number, and got ${JSON.stringify(word)}.`)
}
