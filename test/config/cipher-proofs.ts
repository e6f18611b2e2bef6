/** The settings of ciphers, and what each changes. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { CipherConfig, KeyConfig } from '../../src/config/cipher-config.js'
import { PersistDictError } from '../../src/errors/persist-dict-error.js'
import { inside, type Proof, statsWith, withDict } from './proofs.js'

/** Cheap for a key from a password; it is not the strength that is shown. */
const COSTS = { cost: 4, blockSize: 1, parallelization: 1 }

/** Shows that a store made with the first cipher opens with it again, and not with the second. */
function differs(first: CipherConfig, second: CipherConfig): void {
  const store = `sqlite:${inside('store')}`
  withDict({ store, cipher: first }, (dict) => dict.set('a', 1))
  expect(() => withDict({ store, cipher: second }, (dict) => dict.get('a'))).toThrow(
    PersistDictError,
  )
  withDict({ store, cipher: first }, (dict) => expect(dict.get('a')).toBe(1))
}

let variables = 0

/** The name of a new variable of the environment, or the path of a new file, that holds a text. */
const PLACES = {
  env(text: string) {
    const env = `CONFIG_TEST_${++variables}`
    process.env[env] = text
    return { env }
  },
  file(text: string) {
    const file = inside('secret')
    writeFileSync(file, `${text}\n`)
    return { file }
  },
}

function proofsOf(kind: CipherConfig['kind']): Record<string, Proof> {
  const cipher = (key: KeyConfig, more: object = {}): CipherConfig => ({
    kind,
    keys: [key],
    ...more,
  })
  const password = (text: string, costs: object = COSTS) => cipher({ password: text, ...costs })
  const newKey = () => randomBytes(32).toString('base64')
  const key = PLACES.env(newKey())
  const keyAt = (place: 'env' | 'file') => () =>
    differs(cipher(PLACES[place](newKey())), cipher(PLACES[place](newKey())))
  const passwordAt = (place: 'env' | 'file') => () => {
    const at = (text: string) => cipher({ password: PLACES[place](text), ...COSTS })
    differs(at('one'), at('two'))
    differs(at('one'), password('two'))
  }
  const cost = (name: keyof typeof COSTS) => () =>
    differs(password('one'), password('one', { ...COSTS, [name]: 2 * COSTS[name] }))
  return {
    [`${kind}.kind`]: () => {
      const other = kind === 'aes-256-gcm' ? 'chacha20-poly1305' : 'aes-256-gcm'
      differs(cipher(key), { kind: other, keys: [key] })
    },
    [`${kind}.keys[].env`]: keyAt('env'),
    [`${kind}.keys[].file`]: keyAt('file'),
    [`${kind}.keys[].password`]: () => differs(password('one'), password('two')),
    [`${kind}.keys[].password.env`]: passwordAt('env'),
    [`${kind}.keys[].password.file`]: passwordAt('file'),
    [`${kind}.keys[].cost`]: cost('cost'),
    [`${kind}.keys[].blockSize`]: cost('blockSize'),
    [`${kind}.keys[].parallelization`]: cost('parallelization'),
    [`${kind}.versionTag`]: () =>
      differs(cipher(key, { versionTag: 'ONE' }), cipher(key, { versionTag: 'TWO' })),
  }
}

/** Whether the name of a key can be read in the files of a store. */
function shows(name: string, hashKeys: 'always' | 'long'): boolean {
  const path = inside('store')
  const cipher = {
    kind: 'aes-256-gcm',
    keys: [PLACES.env(randomBytes(32).toString('hex'))],
  } as const
  withDict({ store: { kind: 'sqlite', path }, cipher, hashKeys }, (dict) => dict.set(name, 1))
  return readFileSync(path).includes(name)
}

export const CIPHER_PROOFS: Readonly<Record<string, Proof>> = {
  ...proofsOf('aes-256-gcm'),
  ...proofsOf('chacha20-poly1305'),
  'aes-256-gcm.committing': () => {
    const keys = [PLACES.env(randomBytes(32).toString('base64url'))]
    const sizeWith = (committing: boolean) =>
      statsWith({ cipher: { kind: 'aes-256-gcm', keys, committing } }, (dict) => dict.set('a', 1))
        .sizeBytes
    expect(sizeWith(true)).toBeGreaterThan(sizeWith(false))
  },
  hashKeys: () => {
    expect(shows('canary', 'long')).toBe(true)
    expect(shows('canary', 'always')).toBe(false)
  },
  debugKeys: () => {
    const cipher = { kind: 'aes-256-gcm', keys: [PLACES.env('ab'.repeat(32))] } as const
    const messageWith = (debugKeys: boolean) =>
      withDict({ cipher, debugKeys }, (dict) => {
        try {
          dict.set('canary', 'text')
          dict.increment('canary')
          return ''
        } catch (error) {
          return String(error)
        }
      })
    expect(messageWith(true)).toContain('canary')
    expect(messageWith(false)).toContain('Error')
    expect(messageWith(false)).not.toContain('canary')
  },
}
