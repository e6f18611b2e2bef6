import { usageError } from '../cli-error.js'
import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { bytesOf } from '../input.js'
import { shownKey } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'
import { instantOf, ttlOf } from '../time-words.js'
import { parsedValue } from '../value-text.js'

export const set = command({
  name: 'set',
  summary: 'Store a value under a key.',
  details:
    'The value is JSON. Types that JSON does not have are written as in {"$date": "2026-01-31T12:00:00Z"}; docs/cli.md lists them. The store is made if it is not there.',
  args: [
    STORE,
    { name: 'key', about: 'The key.' },
    {
      name: 'value',
      about: 'The value as JSON; "-" or nothing: read it from standard input.',
      isOptional: true,
    },
  ],
  options: {
    namespace: NAMESPACE,
    text: { type: 'boolean', about: 'The value is a string as it is, not JSON.' },
    bytes: {
      type: 'boolean',
      about: 'The value is the bytes of standard input, stored as a Buffer.',
    },
    ttl: {
      type: 'string',
      value: 'TIME',
      about: 'How long it lives: 250ms, 10s, 1.5h, 30d; "never".',
    },
    'expires-at': {
      type: 'string',
      value: 'TIME',
      about: 'When it goes, as an ISO date and time.',
    },
    'keep-ttl': { type: 'boolean', about: 'Keep the deadline that the entry has.' },
    tag: {
      type: 'string',
      short: 't',
      multiple: true,
      value: 'NAME',
      about: 'A tag; again for more.',
    },
    new: { type: 'boolean', about: 'Only if the key is not there; exits with 1 if it is.' },
  },
  examples: [
    { line: `set ./cache ada '{"name": "Ada"}' --ttl 10m`, about: 'an object, for ten minutes' },
    { line: 'set ./cache motto --text "Hello"', about: 'a string' },
    { line: 'set sqlite:app.db logo --bytes < logo.png', about: 'a file, as bytes' },
  ],
  async run({ args: [place = '', key = '', word], options, io, report }): Promise<ExitCode> {
    if (options.text && options.bytes) throw usageError('Give --text or --bytes, not both.')
    if (options.bytes && word !== undefined && word !== '-') {
      throw usageError('--bytes reads standard input. Leave the value out, or take --text.')
    }
    const setOptions = {
      ttl: options.ttl === undefined ? undefined : ttlOf(options.ttl, '--ttl'),
      expiresAt:
        options['expires-at'] === undefined
          ? undefined
          : instantOf(options['expires-at'], '--expires-at'),
      keepTtl: options['keep-ttl'],
      tags: options.tag,
    }
    const given = word === undefined || word === '-' ? await bytesOf(io.stdin) : word
    const value = options.bytes
      ? given
      : options.text
        ? given.toString()
        : parsedValue(given.toString())
    return withDict(place, { io, namespace: options.namespace, isMade: true }, async (dict) => {
      if (options.new) {
        if (!(await dict.compareAndSet(key, undefined, value, setOptions))) {
          if (!report.isJson) io.stderr.write(`The key ${shownKey(key)} is there already.\n`)
          return EXIT.no
        }
      } else {
        await dict.set(key, value, setOptions)
      }
      await dict.flush()
      return EXIT.done
    })
  },
})
