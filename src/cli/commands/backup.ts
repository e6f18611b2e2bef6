import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { shownBytes } from '../output/text.js'
import { STORE, withDict } from '../store-place.js'

export const backup = command({
  name: 'backup',
  summary: 'Copy the files of a store into a new directory, while others use it.',
  details:
    'All or nothing; the copy can be opened as it is. LMDB and SQLite copy their files; of a server, the copy is a store on LMDB. Of others, make an export.',
  args: [STORE, { name: 'directory', about: 'A new or empty directory.' }],
  options: {},
  examples: [{ line: 'backup ./cache /backups/cache-2026-01-31', about: 'a copy of all of it' }],
  async run({ args: [place = '', directory = ''], io, report }): Promise<ExitCode> {
    return withDict(place, { io }, async (dict) => {
      const { path, sizeBytes } = await dict.backup(directory)
      await report.say({ path, sizeBytes }, () => `${shownBytes(sizeBytes)} in ${path}`)
      return EXIT.done
    })
  },
})
