import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { absent } from '../key-answer.js'
import { STORE, withDict } from '../store-place.js'
import { ttlOf } from '../time-words.js'

export const expire = command({
  name: 'expire',
  summary: 'Give an entry another time to live.',
  details: 'Exits with 1 if the key is not there.',
  args: [
    STORE,
    { name: 'key', about: 'The key.' },
    { name: 'ttl', about: 'From now on: 250ms, 10s, 5m, 1.5h, 30d, 2w; or "never".' },
  ],
  options: { namespace: NAMESPACE },
  examples: [
    { line: 'expire ./cache ada 10m', about: 'it goes in ten minutes' },
    { line: 'expire ./cache ada never', about: 'it stays' },
  ],
  async run({ args: [place = '', key = '', word = ''], options, io, report }): Promise<ExitCode> {
    const span = ttlOf(word, '<ttl>')
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      const isThere = await dict.expire(key, span)
      await dict.flush()
      return isThere ? EXIT.done : absent(io, key, report.isJson)
    })
  },
})
