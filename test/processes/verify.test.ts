/** Verifying while another process writes, and after it was killed. */
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { startChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

test('verify() finds nothing in a store that another process changes all the time', async () => {
  const path = tempDirectory()
  using dict = open(path)
  const commits = () => dict.stats().engine.lastTransactionId ?? 0
  const child = startChild('churn.mjs', [path])
  await child.line((line) => line === 'ready')
  const before = commits()
  let entries = 0
  for (let round = 0; round < 8 || commits() === before; round++) {
    const report = await dict.verify({ repair: true })
    expect(report.details).toEqual([])
    entries += report.entries
  }
  expect(entries).toBeGreaterThan(100)
  child.process.kill('SIGKILL')
  await child.ended
  expect(await dict.verify()).toMatchObject({ findings: 0 })
})
