/** verify(), the quarantine, backup() and compact(): on every store, or refused with a typed error. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { open } from '../../src/open/open.js'
import { testCipher } from '../../src/testing.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { all, FACES, failure, sizeOf } from './faces.js'

const UNSUPPORTED = 'ERR_PERSISTDICT_UNSUPPORTED'

describe.each(FACES)('$name', ({ newPlace, isEncrypted }) => {
  const opened = async () => {
    const dict = await newPlace()()
    await dict.setMany([
      ['a', 1],
      ['x'.repeat(600), { deep: [new Date(0)] }],
    ])
    await dict.set('short', 2, { ttl: '1h', tags: ['t'] })
    await dict.namespace('users').set('ada', 3)
    await dict.flush()
    return dict
  }

  test('verify() finds nothing wrong with a healthy dict, and the quarantine is empty', async () => {
    const dict = await opened()
    await dict.invalidateTag('none')
    await dict.delete('a')
    const report = await dict.verify({ repair: true })
    expect(report).toMatchObject({ entries: 3, namespaces: 2, findings: 0, repaired: 0 })
    const { quarantine } = dict
    expect(await sizeOf(quarantine)).toBe(0)
    expect(await all(quarantine)).toEqual([])
    expect([await quarantine.restore(), await quarantine.discard()]).toEqual([0, 0])
  })

  test('backup() makes a directory that open() opens, or is refused', async () => {
    const dict = await opened()
    const path = `${tempDirectory()}/backup`
    const made = await Promise.resolve(dict.backup(path)).catch((error: unknown) => error)
    if (made instanceof Error) {
      expect(made).toMatchObject({ code: UNSUPPORTED })
      expect(existsSync(path)).toBe(false)
      return
    }
    expect(made).toMatchObject({ path, sizeBytes: expect.any(Number) })
    // A store of files copies its file; all others are a dict on LMDB then.
    if (readdirSync(path).some((name) => name.endsWith('.db'))) return
    using copy = open<Record<string, unknown>>(path, isEncrypted ? { cipher: testCipher() } : {})
    expect(copy.get('a')).toBe(1)
    expect(copy.get('x'.repeat(600))).toEqual({ deep: [new Date(0)] })
    expect(copy.getEntry('short')).toMatchObject({
      value: 2,
      tags: ['t'],
      expiresAt: (await dict.getEntry('short'))?.expiresAt,
    })
    expect(copy.namespace('users').get('ada')).toBe(3)
    expect(copy.size).toBe(3)
    const full = `${path}-full`
    mkdirSync(full)
    writeFileSync(`${full}/something`, '')
    expect(await failure(() => dict.backup(full))).toMatchObject({ code: 'ERR_PERSISTDICT_PATH' })
    expect(readdirSync(full)).toEqual(['something'])
    expect(readdirSync(`${path}/..`).toSorted()).toEqual(['backup', 'backup-full'])
  })

  test('compact() gives space back, or is refused', async () => {
    const dict = await opened()
    const done = await Promise.resolve(dict.compact()).catch((error: unknown) => error)
    if (done instanceof Error) expect(done).toMatchObject({ code: UNSUPPORTED })
    else expect(done).toMatchObject({ afterBytes: expect.any(Number) })
    expect(await dict.get('a')).toBe(1)
  })
})
