import { usageError } from '../cli-error.js'
import { command, NAMESPACE } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { counted } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const remove = command({
  name: 'delete',
  summary: 'Remove keys.',
  details: 'Exits with 1 if one of the keys was not there.',
  args: [STORE, { name: 'key', about: 'The keys.', isRest: true, isOptional: true }],
  options: {
    namespace: NAMESPACE,
    all: { type: 'boolean', about: 'All entries of the dict or namespace; those within it stay.' },
  },
  examples: [
    { line: 'delete ./cache ada alan', about: 'two keys' },
    { line: 'delete ./cache -n sessions --all', about: 'all entries of a namespace' },
  ],
  async run({ args: [place = '', ...keys], options, io, report }): Promise<ExitCode> {
    if ((keys.length === 0) !== (options.all === true)) {
      throw usageError('Name the keys to delete, or give --all for all entries.')
    }
    return withDict(place, { io, namespace: options.namespace }, async (dict) => {
      const deleted = options.all ? await dict.size() : await dict.deleteMany(keys)
      if (options.all) await dict.clear()
      await dict.flush()
      await report.say({ deleted }, () => `${counted(deleted, 'entry', 'entries')} deleted`)
      return options.all || deleted === new Set(keys).size ? EXIT.done : EXIT.no
    })
  },
})
