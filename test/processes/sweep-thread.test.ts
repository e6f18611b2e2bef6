/** The thread that sweeps where much is due: it does the work, and nobody waits for it, whatever happens. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { runChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

test.each([
  ['wait', 0],
  ['write', 0],
  ['close', 0],
  ['end by itself', 0],
  ['exit', 0],
  ['throw', 1],
  ['exit in a transaction', undefined],
] as const)('a process that sweeps beside its work can: %s', async (way, code) => {
  const path = tempDirectory()
  const ended = await runChild('sweeping.mjs', [path, way])
  expect(ended.signal).toBeNull()
  if (code !== undefined) expect(ended.code).toBe(code)
  if (code === 0) expect(ended.stderr).toBe('')
  expect(ended.stdout).toBe(way.includes('exit') || way === 'throw' ? '' : 'done\n')
  using dict = open<Record<string, unknown>>(path, { background: 'disabled' })
  // One that ends in a transaction leaves its record behind, as after a crash.
  if (way !== 'exit in a transaction') expect(readdirSync(join(path, 'owners'))).toHaveLength(1)
  expect(dict.toObject()).toEqual({ lasting: 1, ...(way === 'write' ? { count: 50 } : {}) })
  expect(await dict.verify()).toMatchObject({ findings: 0 })
  if (way === 'wait') expect(dict.namespaces().next().done).toBe(true)
})
