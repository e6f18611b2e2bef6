import { usageError } from '../cli-error.js'
import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { reportOf, verified } from '../findings.js'
import { counted } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const repair = command({
  name: 'repair',
  summary: 'Put right what "check" finds, while others use the store.',
  details:
    'Sizes, deadlines and chains are corrected. Records that cannot be read are moved into the quarantine, and stay there until they are discarded: nothing is deleted. Exits with 1 if anything is left that could not be put right.',
  args: [STORE],
  options: {
    restore: {
      type: 'boolean',
      about: 'Instead: put back from the quarantine what can be read after all.',
    },
    discard: { type: 'boolean', about: 'Instead: empty the quarantine, for good.' },
  },
  examples: [
    { line: 'repair ./cache', about: 'and what it did' },
    { line: 'repair ./cache --discard', about: 'gives up what could not be read' },
  ],
  async run({ args: [place = ''], options, io, report }): Promise<ExitCode> {
    if (options.restore && options.discard) throw usageError('Give --restore or --discard.')
    return withDict(place, { io }, async (dict) => {
      const { quarantine } = dict
      if (options.restore) {
        const restored = await quarantine.restore()
        await report.say({ restored }, () => `${counted(restored, 'record')} restored`)
        return EXIT.done
      }
      if (options.discard) {
        const discarded = await quarantine.discard()
        await report.say({ discarded }, () => `${counted(discarded, 'record')} discarded`)
        return EXIT.done
      }
      const result = await verified(dict, { repair: true }, io)
      await reportOf(report, result, await quarantine.size())
      return result.findings === result.repaired ? EXIT.done : EXIT.no
    })
  },
})
