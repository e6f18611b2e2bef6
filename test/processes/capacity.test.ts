/** Limits hold whoever writes. */
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { runChild } from './child.js'
import { tempDirectory } from './temp-directory.js'

const MAX = 100

test('eight processes that fill a dict at once never leave more than maxEntries', async () => {
  const path = tempDirectory()
  using dict = open(path, { durability: 'commit', maxEntries: MAX, background: 'disabled' })
  const children = Array.from({ length: 8 }, (_, at) =>
    runChild('fill.mjs', [path, String(at), '300']),
  )
  for (const { code, stdout, stderr } of await Promise.all(children)) {
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(Number(stdout)).toBeLessThanOrEqual(MAX)
  }
  expect(dict.size).toBe(MAX)
  expect(await dict.verify()).toMatchObject({ findings: 0, entries: MAX })
})
