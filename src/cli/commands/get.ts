import { inputError } from '../cli-error.js'
import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { absent } from '../key-answer.js'
import { STORE, withDict } from '../store-place.js'
import { jsonOf, shownValue } from '../value-text.js'

export const get = command({
  name: 'get',
  summary: 'Print the value of a key.',
  details:
    'Exits with 1 if the key is not there. With --json, the value is typed JSON, as "set" takes it.',
  args: [STORE, { name: 'key', about: 'The key.' }],
  options: {
    namespace: NAMESPACE,
    raw: { type: 'boolean', about: 'Print a string, or bytes, as they are and nothing else.' },
  },
  examples: [
    { line: 'get ./cache ada', about: 'the value, as Node shows it' },
    { line: 'get ./cache ada --json', about: 'the same as one line of JSON' },
    { line: 'get redis://localhost:6379 logo --raw > logo.png', about: 'bytes into a file' },
  ],
  async run({ args: [place = '', key = ''], options, io, report }): Promise<ExitCode> {
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      const value = await dict.get(key)
      if (value === undefined) return absent(io, key, report.isJson)
      if (options.raw) await report.write(rawOf(value))
      else await report.say(jsonOf(value), () => shownValue(value))
      return EXIT.done
    })
  },
})

function rawOf(value: unknown): string | Uint8Array {
  if (typeof value === 'string') return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw inputError('--raw prints strings and bytes, and the value is neither. Leave it out.')
}
