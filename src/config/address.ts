/** Stores by one string: `./cache`, `lmdb:PATH`, `file:DIR`, `sqlite:FILE`, `redis://HOST`, `memory:`. */
import { ConfigError } from '../errors/config-error.js'
import { nearestOf } from '../errors/unknown-option.js'
import type { RedisConfig, StoreConfig } from './store-config.js'

const SCHEMES = ['lmdb', 'file', 'sqlite', 'memory', 'redis', 'rediss'] as const

/** Two characters at least: `C:` is a drive. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/

/**
 * The store that an address means. A path alone means LMDB. An address of Redis may end with settings
 * of the store: `redis://localhost:6379/0?prefix=app&parts=4&timeout=2s&tracking=false`.
 *
 * Throws ConfigError for an address of no known kind; it never shows a password. `path` is the setting
 * that it names.
 */
export function parseAddress(address: string, path = 'store'): StoreConfig {
  const scheme = SCHEME.exec(address)?.[1]
  if (address === '') throw wrong(path, 'is empty')
  if (scheme === undefined) return { kind: 'lmdb', path: address }
  const known = SCHEMES.find((name) => name === scheme.toLowerCase())
  const rest = address.slice(scheme.length + 1)
  switch (known) {
    case undefined:
      throw wrong(
        path,
        `begins with "${scheme}:", which is no kind of store`,
        nearestOf(scheme, SCHEMES),
      )
    case 'redis':
    case 'rediss':
      return redisAt(address, path)
    case 'memory':
      if (rest === '') return { kind: 'memory' }
      throw wrong(path, 'is "memory:" with something after it; memory has no place')
    default:
      // sqlite:///x is relative to some programs and absolute to others.
      if (rest.startsWith('//'))
        throw wrong(path, `has slashes after "${known}:" that mean nothing`)
      if (rest === '') throw wrong(path, `has no path after "${known}:"`)
      return { kind: known, path: rest }
  }
}

/** What an address of Redis may say besides, as text. */
const SETTINGS = ['prefix', 'parts', 'timeout', 'tracking'] as const

function redisAt(address: string, path: string): RedisConfig {
  if (!URL.canParse(address) || !/^rediss?:\/\//i.test(address)) {
    throw wrong(path, 'is no address of Redis such as redis://localhost:6379')
  }
  const url = new URL(address)
  const settings: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) {
    if (!SETTINGS.includes(name as (typeof SETTINGS)[number])) {
      throw wrong(path, `has "${name}" after its question mark; it takes ${SETTINGS.join(', ')}`)
    }
    settings[name] = PLAIN.has(name) ? text : jsonOr(text)
  }
  url.search = ''
  // Their values are checked with the rest of the configuration.
  return { kind: 'redis', url: url.href, ...settings } as RedisConfig
}

/** Whose values are text, whatever they look like. */
const PLAIN: ReadonlySet<string> = new Set(['prefix'])

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The address may hold a password: it is not shown. */
function wrong(path: string, what: string, nearest?: string): ConfigError {
  const advice = nearest === undefined ? '' : `Did you mean "${nearest}:"? `
  return new ConfigError(
    path,
    `The address of ${path} ${what}. ${advice}An address is a path, for LMDB (./x:y if it has a colon), or one of ` +
      'lmdb:PATH, file:DIRECTORY, sqlite:FILE, redis://HOST:PORT, rediss://HOST:PORT and memory:.',
  )
}

/** An address without its password, for people. */
export function withoutPassword(address: string): string {
  if (!URL.canParse(address)) return address
  const url = new URL(address)
  if (url.password === '') return address
  url.password = '***'
  return url.href
}
