/** `own-lmdb.mjs PATH WAY`: the program uses lmdb itself, opened before and after a dict. */
import { join } from 'node:path'
import { open as openLmdb } from 'lmdb'
import { open } from 'persistdict'

const [path, way] = process.argv.slice(2)
const before = openLmdb({ path: join(path, 'before') })
const dict = open(join(path, 'dict'))
const after = openLmdb({ path: join(path, 'after') })

if (way === 'check') {
  const found = [before.get('key'), dict.get('key'), dict.get('late'), after.get('key')]
  if (found.join() !== 'own,ours,ours too,own') throw new Error(`found ${found}`)
  await before.close()
  // Closing one of its environments must not take ours along.
  dict.set('after the close of another', 1)
  dict.flushSync()
  await after.close()
  console.log('all there')
} else {
  before.putSync('key', 'own')
  dict.set('key', 'ours')
  after.putSync('key', 'own')
  // Registered after the first environment: by then lmdb has its own listener.
  process.on('exit', () => {
    if (way === 'exit') process.exitCode = 0
  })
  dict.set('late', 'ours too')
  if (way === 'exit') process.exit(0)
  if (way === 'throw') throw new Error('thrown on purpose')
}
