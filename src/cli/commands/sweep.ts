import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { counted } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const sweep = command({
  name: 'sweep',
  summary: 'Remove the rows of expired entries.',
  details:
    'No reader sees an expired entry in any case; this gives their room back, in all namespaces.',
  args: [STORE],
  options: {},
  examples: [{ line: 'sweep ./cache', about: 'and how many there were' }],
  async run({ args: [place = ''], io, report }): Promise<ExitCode> {
    await withDict(place, { io }, async (dict) => {
      const removed = await dict.sweep()
      await report.say(
        { removed },
        () => `${counted(removed, 'expired entry', 'expired entries')} removed`,
      )
    })
    return EXIT.done
  },
})
