/** From data of any origin to a configuration that can be opened. */
import { ConfigError } from '../errors/config-error.js'
import { parseAddress } from './address.js'
import { type Config, configModel } from './config.js'
import { faultIn, type Origin, originOf } from './explain.js'
import { type PresetName, presetConfig } from './presets.js'
import type { StoreConfig, TieredConfig } from './store-config.js'

/** A configuration as it is written: over a preset, whose settings it replaces one by one. */
export type ConfigInput = { readonly [P in keyof Config]?: Config[P] | undefined } & {
  /** What is not set is as this preset has it. @default none */
  readonly preset?: PresetName | undefined
}

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
  return made
}

function overPreset(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('preset' in data)) return data
  const { preset, ...rest } = data
  if (preset === undefined) return rest
  const given = Object.entries(rest).filter(([, value]) => value !== undefined)
  return { ...presetConfig(preset as PresetName), ...Object.fromEntries(given) }
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

/** What each setting alone may be, and not together. */
function refuseContradictions({ store, namespace, initial }: CheckedConfig, origin: Origin): void {
  if (namespace !== undefined && initial !== undefined) {
    throw new ConfigError(
      'initial',
      `initial in ${origin.place} cannot go with namespace: it fills the dict itself, and would not be seen in a namespace. Leave one of them out.`,
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
