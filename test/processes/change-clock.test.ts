/** Each way of noticing commits of other processes, and the way back where the fast one is not to be had. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { storeDirectory } from '../../src/store/lmdb/directory.js'
import { Environment } from '../../src/store/lmdb/environment.js'
import { runChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

/** The kernel writes a line break in a path as \012, so that the mapping of the lock file is not found. */
function unmappable(): string {
  const path = join(tempDirectory(), 'line\nbreak')
  mkdirSync(path)
  return path
}

test('open() where the mapping cannot be found falls back to asking, and is coherent', async () => {
  const path = unmappable()
  const environment = new Environment(storeDirectory(path, false), {
    mapSizeBytes: 2 ** 30,
    maxReaders: 126,
    changeClock: 'mapped',
  })
  expect(environment.data.clock.kind).toBe('asked')
  environment.close()
  const settings = {
    path,
    rounds: 300,
    durability: 'commit',
    changeClock: 'mapped',
    batons: [join(tempDirectory(), 'there'), join(tempDirectory(), 'back')],
  }
  const ends = await Promise.all(
    ['write', 'spin'].map((role) =>
      runChild('hand-over.mjs', [JSON.stringify({ ...settings, role })]),
    ),
  )
  for (const end of ends) expect(end).toMatchObject({ code: 0, signal: null, stderr: '' })
})

test.each(['mapped', 'asked'] as const)(
  "close() with the clock '%s' leaves nothing that touches the mapping: no call, timer or exit crashes",
  async (changeClock) => {
    const paths = Array.from({ length: 4 }, () => join(tempDirectory(), 'dict'))
    const settings = JSON.stringify({ paths, changeClock })
    const ended = await runChild('after-close.mjs', [settings], { nodeArgs: ['--expose-gc'] })
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '', stdout: 'lived\n' })
    using dict = open(paths[0] as string)
    expect(dict.get('round')).toBe(19)
  },
)
