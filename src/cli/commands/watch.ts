import type { WatchEvent } from '../../dict/events/watch.js'
import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { shownKey, shownPath } from '../output/text.js'
import { positive } from '../positive.js'
import { STORE, withDict } from '../store-place.js'
import { jsonOf, shownValue } from '../value-text.js'

export const watch = command({
  name: 'watch',
  summary: 'Print every change, by whatever process, as it is committed.',
  details:
    'Until Ctrl-C. Sets of one key in quick succession may come as the last one. "resync" means that some changes were missed.',
  args: [STORE],
  options: {
    namespace: NAMESPACE,
    prefix: {
      type: 'string',
      value: 'TEXT',
      about: 'Only keys of this namespace that begin with it.',
    },
    values: { type: 'boolean', about: 'Print the values, too.' },
    limit: { type: 'string', value: 'N', about: 'End after so many changes.' },
  },
  examples: [
    { line: 'watch ./cache --prefix user:', about: 'set, delete, expire and evict of such keys' },
    { line: 'watch ./cache --json --values', about: 'for programs' },
  ],
  async run({ args: [place = ''], options, io, report }): Promise<ExitCode> {
    const { prefix, values = false, limit } = options
    let left = limit === undefined ? Number.POSITIVE_INFINITY : positive(limit, '--limit')
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      const range = prefix === undefined ? undefined : { prefix }
      for await (const event of dict.watch(range, { signal: io.signal })) {
        await report.say(described(event, values), () => shown(event, values))
        if (--left <= 0) return EXIT.done
      }
      return EXIT.interrupted
    })
  },
})

type Event = WatchEvent<string, unknown>

function described(event: Event, withValue: boolean): unknown {
  if (event.event === 'resync') return { event: event.event }
  const { namespace } = event
  if (event.event === 'clear') return { event: event.event, namespace }
  const { key, metadata } = event
  const { expiresAt, tags, sizeBytes, version } = metadata ?? {}
  const facts = { event: event.event, namespace, key, expiresAt, tags, sizeBytes, version }
  return withValue && event.value !== undefined ? { ...facts, value: jsonOf(event.value) } : facts
}

function shown(event: Event, withValue: boolean): string {
  if (event.event === 'resync') return 'resync'
  const place = event.namespace.length === 0 ? '' : `${shownPath(event.namespace)}  `
  if (event.event === 'clear') return `clear   ${place}`.trimEnd()
  const text = `${event.event.padEnd(6)}  ${place}${shownKey(event.key)}`
  return withValue && event.value !== undefined ? `${text}  ${shownValue(event.value)}` : text
}
