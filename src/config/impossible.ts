/** Settings that are of the right type, and that nothing can be opened with. */
import { passwordKey } from '../codec/cipher/password-key.js'
import { builtInCompressor } from '../codec/compressor.js'
import { ConfigError } from '../errors/config-error.js'
import { OptionError } from '../errors/option-error.js'
import { checkedKeySettings, DEFAULT_KEY_SETTINGS } from '../keys/key-settings.js'
import type { KeyConfig } from './cipher-config.js'
import type { Config } from './config.js'
import type { Origin } from './explain.js'

/** Throws ConfigError for sizes of keys, levels of compression and costs of passwords that cannot be. */
export function refuseImpossible(config: Config, origin: Origin): void {
  const { keySizeLimit, digestBytes, compress, cipher = [] } = config
  tried(origin, [digestBytes === undefined ? 'keySizeLimit' : 'digestBytes'], () =>
    checkedKeySettings({
      ...DEFAULT_KEY_SETTINGS,
      keySizeLimit: keySizeLimit ?? DEFAULT_KEY_SETTINGS.keySizeLimit,
      digestBytes: digestBytes ?? DEFAULT_KEY_SETTINGS.digestBytes,
    }),
  )
  if (typeof compress === 'object' && compress.use !== 'none') {
    const { use, level } = compress
    tried(origin, ['compress', level === undefined ? 'use' : 'level'], () =>
      builtInCompressor(use, level),
    )
  } else if (typeof compress === 'string' && compress !== 'none') {
    tried(origin, ['compress'], () => builtInCompressor(compress))
  }
  for (const [at, one] of [cipher].flat().entries()) {
    const path = Array.isArray(cipher) ? ['cipher', String(at)] : ['cipher']
    for (const [keyAt, key] of one.keys.entries()) {
      tried(origin, [...path, 'keys', String(keyAt), 'cost'], () => refuseCosts(key))
    }
  }
}

/** The password itself is asked for when the dict is opened, and not before. */
function refuseCosts(key: KeyConfig): void {
  if (!('password' in key)) return
  const { password: _, ...costs } = key
  const given = Object.entries(costs).filter(([, cost]) => cost !== undefined)
  if (given.length > 0) passwordKey('of no account', Object.fromEntries(given))
}

function tried(origin: Origin, path: readonly string[], check: () => unknown): void {
  try {
    check()
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause
    const what = `The setting ${origin.nameOf(path)} in ${origin.place} cannot be: ${cause.message}`
    throw new ConfigError(path.join('.'), what, { cause })
  }
}
