import { expect, test } from 'vitest'
import { checkedKeySettings, sha256 } from '../../src/keys/key-settings.js'

test.each([
  [511, 32],
  [6, 1],
  [37, 32],
  [1_800, 32],
])('keySizeLimit %i with digestBytes %i is fine', (keySizeLimit, digestBytes) => {
  const settings = { keySizeLimit, digestBytes, hash: sha256 }
  expect(checkedKeySettings(settings)).toEqual(settings)
})

test.each([
  ['keySizeLimit', 5, 1],
  ['keySizeLimit', 36, 32],
  ['keySizeLimit', 1_801, 32],
  ['keySizeLimit', 100.5, 32],
  ['keySizeLimit', Number.NaN, 32],
  ['digestBytes', 511, 0],
  ['digestBytes', 511, 33],
  ['digestBytes', 511, 1.5],
  ['digestBytes', 511, Number.NaN],
])('%s is refused: keySizeLimit %d with digestBytes %d', (option, keySizeLimit, digestBytes) => {
  expect(() => checkedKeySettings({ keySizeLimit, digestBytes, hash: sha256 })).toThrow(
    expect.objectContaining({ code: 'ERR_PERSISTDICT_OPTION', option }),
  )
})

test('sha256 is SHA-256', () => {
  expect(Buffer.from(sha256.digest(Buffer.from('abc'))).toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
})
