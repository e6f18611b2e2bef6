/** From data of any origin to a configuration that can be opened. */
import { z } from 'zod'
import { ConfigError } from '../errors/config-error.js'
import { OF_SYNC_STORES, OF_THE_VIEW } from '../open/open-async.js'
import { parseAddress } from './address.js'
import { type Config, configModel } from './config.js'
import { faultIn, type Origin, originOf } from './explain.js'
import { refuseImpossible } from './impossible.js'
import { type Group, isGroup, merged } from './merge.js'
import { PRESET_NAMES, type PresetName, presetConfig } from './presets.js'
import { answersAtOnce, type StoreConfig, type TieredConfig } from './store-config.js'

/** A configuration as it is written: over a preset, whose settings it replaces one by one. */
export type ConfigInput = { readonly [P in keyof Config]?: Config[P] | undefined } & {
  /** What is not set is as this preset has it. @default none */
  readonly preset?: PresetName | undefined
}

/** The model of a configuration as it is written. */
export const inputModel = configModel
  .partial({ store: true })
  .extend({ preset: z.enum(PRESET_NAMES).optional() })

/** A configuration that was checked: its stores are no addresses any more. */
export interface CheckedConfig extends Config {
  readonly store: StoreConfig
}

const GIVEN: Origin = originOf('the configuration')

/**
 * Checks a configuration: its preset is replaced by what that says, and addresses by what they mean.
 * Throws ConfigError for the first setting that is unknown, missing or wrong.
 */
export function checkConfig(input: ConfigInput): CheckedConfig {
  return checkedConfig(input, GIVEN)
}

/** The same, for data from elsewhere. */
export function checkedConfig(data: unknown, origin: Origin): CheckedConfig {
  const config = overPreset(data)
  const fault = faultIn(configModel, config, origin)
  if (fault !== undefined) throw fault
  // The model took it.
  const checked = config as Config
  const store = storeAt(checked.store)
  const made = { ...checked, store }
  // What an address said besides is checked only now.
  const inner = faultIn(configModel, made, origin)
  if (inner !== undefined) throw inner
  refuseContradictions(made, origin)
  refuseImpossible(made, origin)
  return made
}

function overPreset(data: unknown): unknown {
  if (!isGroup(data)) return data
  const { preset, ...rest } = data
  if (preset === undefined) return rest
  return merged(presetConfig(preset as PresetName) as unknown as Group, rest)
}

function storeAt(store: string | StoreConfig): StoreConfig {
  const config = typeof store === 'string' ? parseAddress(store) : store
  return config.kind === 'tiered' ? tieredAt(config) : config
}

function tieredAt({ near, far, ...rest }: TieredConfig): TieredConfig {
  return { ...rest, near: tierAt(near, 'near'), far: tierAt(far, 'far') } as TieredConfig
}

function tierAt(store: string | StoreConfig, which: 'near' | 'far'): StoreConfig {
  return typeof store === 'string' ? parseAddress(store, `store.${which}`) : store
}

/** Settings that no dict over an asynchronous store has a use for. */
export const ONLY_AT_ONCE = [...OF_THE_VIEW, ...OF_SYNC_STORES.filter((name) => name !== 'lmdb')]

/** What each setting alone may be, and not together. */
function refuseContradictions(config: CheckedConfig, origin: Origin): void {
  const { store, namespace, initial } = config
  const useless = ONLY_AT_ONCE.find((name) => (config[name] ?? undefined) !== undefined)
  if (useless !== undefined && !answersAtOnce(store)) {
    throw new ConfigError(
      useless,
      `The setting ${origin.nameOf([useless])} in ${origin.place} cannot go with a ${store.kind} store, where it would do nothing. Leave it out.`,
    )
  }
  if (namespace !== undefined && initial !== undefined) {
    throw new ConfigError(
      'initial',
      `The setting ${origin.nameOf(['initial'])} in ${origin.place} cannot go with namespace: it fills the dict itself, and would not be seen in a namespace. Leave one of them out.`,
    )
  }
  const stores = store.kind === 'tiered' ? { 'store.far': store.far } : { store }
  for (const [path, one] of Object.entries(stores)) {
    if (typeof one === 'string' || one.kind !== 'redis') continue
    if ((one.url === undefined) === (one.cluster === undefined)) {
      throw new ConfigError(
        `${path}.url`,
        `${path} in ${origin.place} must have exactly one of url and cluster.`,
      )
    }
  }
}
