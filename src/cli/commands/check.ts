import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { reportOf, verified } from '../findings.js'
import { STORE, withDict } from '../store-place.js'

export const check = command({
  name: 'check',
  summary: 'Look through a whole store for damage, while others use it.',
  details:
    'Changes nothing. Exits with 1 if anything is not as it should be; docs/upkeep.md says what the findings mean. With --json, each finding is a line, and the last line sums up.',
  args: [STORE],
  options: {},
  examples: [{ line: 'check ./cache', about: 'a table of what was found, if anything was' }],
  async run({ args: [place = ''], io, report }): Promise<ExitCode> {
    return withDict(place, { io }, async (dict) => {
      const result = await verified(dict, {}, io)
      const quarantined = await dict.quarantine.size()
      await reportOf(report, result, quarantined)
      return result.findings === 0 ? EXIT.done : EXIT.no
    })
  },
})
