import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { shownBytes } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const compact = command({
  name: 'compact',
  summary: 'Give space that is not needed back to the file system, while others use the store.',
  args: [STORE],
  options: {},
  examples: [{ line: 'compact ./cache', about: 'how large it was, and is' }],
  async run({ args: [place = ''], io, report }): Promise<ExitCode> {
    return withDict(place, { io }, async (dict) => {
      const { beforeBytes, afterBytes } = await dict.compact()
      await report.say(
        { beforeBytes, afterBytes },
        () => `${shownBytes(beforeBytes)} before, ${shownBytes(afterBytes)} after`,
      )
      return EXIT.done
    })
  },
})
