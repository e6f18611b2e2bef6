/** Configurations for the usual cases. Each says only what differs from the defaults. */
import { ConfigError } from '../errors/config-error.js'
import { nearestOf } from '../errors/unknown-option.js'
import type { Config } from './config.js'

/** The names of the presets. */
export type PresetName =
  | 'simple'
  | 'bucketed'
  | 'durable_sql'
  | 'hybrid_cache_db'
  | 'shared_cache'
  | 'llm_cache'
  | 'persistent_object'

const PRESETS: Readonly<Record<PresetName, Config>> = {
  simple: { store: { kind: 'lmdb', path: './persistdict' } },
  bucketed: {
    store: { kind: 'lmdb', path: './persistdict' },
    namespace: 'main',
    maxEntries: 1_000_000,
    namespaces: { main: { maxEntries: 100_000 } },
  },
  durable_sql: { store: { kind: 'sqlite', path: './persistdict.sqlite' }, durability: 'sync' },
  hybrid_cache_db: {
    store: {
      kind: 'tiered',
      near: { kind: 'memory' },
      far: { kind: 'sqlite', path: './persistdict.sqlite' },
      maxRows: 100_000,
      maxBytes: 2 ** 28,
    },
  },
  shared_cache: {
    store: { kind: 'lmdb', path: './persistdict-cache' },
    ttl: '1d',
    maxBytes: 2 ** 30,
    eviction: 'sieve',
  },
  llm_cache: {
    store: { kind: 'lmdb', path: './persistdict-llm' },
    compress: { use: 'brotli', thresholdBytes: 1_024 },
    maxIdle: '30d',
    maxBytes: 2 ** 33,
    eviction: 'sieve',
  },
  persistent_object: {
    store: { kind: 'lmdb', path: './persistdict-object' },
    onConflict: 'throw',
    flushOnSignals: true,
    check: 'background',
  },
}

/** What each preset is for, in a line. */
export const PRESET_ABOUT: Readonly<Record<PresetName, string>> = {
  simple: 'A dict in a directory, with the defaults of open().',
  bucketed: 'Namespaces with limits of their own, within one for all.',
  durable_sql: 'A SQLite file, on disk before set() returns.',
  hybrid_cache_db: 'A cache in memory before a SQLite file. Asynchronous.',
  shared_cache: 'A cache of all processes of a host: a day, 1 GiB.',
  llm_cache: 'Answers of models: compressed, 8 GiB, until 30 days unused.',
  persistent_object: 'An object that is saved: changed by two at once is an error.',
}

/** The names of all presets. */
export const PRESET_NAMES: readonly PresetName[] = Object.freeze(
  Object.keys(PRESETS) as PresetName[],
)

/** The configuration of a preset. Throws ConfigError for an unknown name. */
export function presetConfig(name: PresetName): Config {
  if (Object.hasOwn(PRESETS, name)) return PRESETS[name]
  const nearest = nearestOf(String(name), PRESET_NAMES)
  const advice =
    nearest === undefined ? `There are ${PRESET_NAMES.join(', ')}.` : `Did you mean "${nearest}"?`
  throw new ConfigError('preset', `There is no preset of that name. ${advice}`)
}
