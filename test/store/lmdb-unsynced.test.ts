/** What becomes of unsynced commits when the system goes down: another boot id is another boot. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Warning } from 'persistdict'
import { expect, onTestFinished, test } from 'vitest'
import { processIdentity } from '../../src/process-identity.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'

const mark = (path: string) => join(path, 'unsynced.json')
const asides = (path: string) => readdirSync(path).filter((name) => name.startsWith('aside-'))

/** Makes the mark one of the boot before. */
function reboot(path: string): void {
  expect(JSON.parse(readFileSync(mark(path), 'utf8'))).toEqual({ bootId: processIdentity().bootId })
  writeFileSync(mark(path), '{"bootId":"the boot before"}\n')
}

/** A dict whose process was killed with unsynced commits. */
async function killed(path: string): Promise<void> {
  const log = join(tempDirectory(), 'log')
  const child = startChild('upkeep-writer.mjs', [path, 'a', log])
  onTestFinished(() => void child.process.kill('SIGKILL'))
  await child.line((line) => line === 'begin')
  await expect.poll(() => statSync(log).size).toBeGreaterThan(0)
  child.process.kill('SIGKILL')
  await child.ended
}

async function opened(path: string) {
  const dict = open<Record<string, unknown>>(path)
  onTestFinished(() => dict.close())
  const warnings: Warning[] = []
  dict.on('warning', (warning) => warnings.push(warning))
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  return { dict, warnings }
}

test("open() after a crash of the system puts aside what 'commit' had written, and begins empty", async () => {
  const path = join(tempDirectory(), 'dict')
  await killed(path)
  const { size } = statSync(join(path, 'g1', 'data.mdb'))
  reboot(path)
  const { dict, warnings } = await opened(path)
  expect(dict.size).toBe(0)
  expect(warnings).toMatchObject([{ code: 'rebuilt-empty' }])
  const [aside = ''] = asides(path)
  expect(warnings[0]?.message).toContain(aside)
  expect(statSync(join(path, aside, 'data.mdb')).size).toBe(size)
  expect(existsSync(mark(path))).toBe(false)
  dict.set('new', 1)
  dict.close()
  const again = await opened(path)
  expect(again.warnings).toEqual([])
  expect(again.dict.get('new')).toBe(1)
})

test('open() after a crash of the system restores the last backup, if it is whole', async () => {
  for (const isWhole of [true, false]) {
    const path = join(tempDirectory(), 'dict')
    const backup = join(tempDirectory(), 'backup')
    {
      const { dict } = await opened(path)
      dict.set('kept', 'in the backup')
      await dict.backup(backup)
      dict.close()
    }
    await killed(path)
    reboot(path)
    if (!isWhole) writeFileSync(join(backup, 'g1', 'data.mdb'), 'no data')
    const { dict, warnings } = await opened(path)
    expect(dict.toObject()).toEqual(isWhole ? { kept: 'in the backup' } : {})
    expect(warnings).toMatchObject([{ code: isWhole ? 'restored-backup' : 'rebuilt-empty' }])
    dict.close()
  }
})

test('open() within one boot reads what a killed process had committed', async () => {
  const path = join(tempDirectory(), 'dict')
  await killed(path)
  const { dict, warnings } = await opened(path)
  expect(dict.size).toBeGreaterThan(0)
  expect(warnings).toEqual([])
})

test('close() of the last unsynced dict, and any later synced commit, end the risk', async () => {
  const path = join(tempDirectory(), 'dict')
  {
    using dict = open(path, { durability: 'commit' })
    dict.set('a', 1)
    expect(existsSync(mark(path))).toBe(true)
  }
  expect(existsSync(mark(path))).toBe(false)
  await killed(path)
  expect(existsSync(mark(path))).toBe(true)
  {
    using dict = open(path, { durability: 'sync' })
    dict.set('b', 2)
    expect(existsSync(mark(path))).toBe(false)
  }
})
