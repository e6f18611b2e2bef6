import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { progressOf } from '../output/progress.js'
import { counted } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const rotateKeys = command({
  name: 'rotate-keys',
  summary:
    'Seal everything anew with the first key of the configuration, while others use the store.',
  details:
    'The configuration names the new key first and the old ones after it, by variables of the environment or files: keys are never words of a command line. After a crash or Ctrl-C, call it again. Exits with 1 if there are rows that no key opens.',
  args: [{ ...STORE, about: 'A configuration file with a cipher.' }],
  options: {},
  examples: [{ line: 'rotate-keys persistdict.json', about: 'how many rows were sealed anew' }],
  async run({ args: [place = ''], io, report }): Promise<ExitCode> {
    return withDict(place, { io }, async (dict) => {
      const progress = progressOf(io, 'sealing', undefined)
      const { resealed, unreadable } = await dict
        .rotateKeys({ signal: io.signal, onProgress: (done) => progress.at(done.resealed) })
        .finally(progress.end)
      await report.say({ resealed, unreadable }, () =>
        unreadable === 0
          ? `${counted(resealed, 'row')} sealed anew`
          : `${counted(resealed, 'row')} sealed anew, ${unreadable} that no key opens`,
      )
      return unreadable === 0 ? EXIT.done : EXIT.no
    })
  },
})
