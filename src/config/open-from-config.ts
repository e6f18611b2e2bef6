/** Dicts from configurations. */
import type { AsyncPersistDict } from '../dict/async-persist-dict.js'
import type { KeyOf } from '../dict/face.js'
import type { PersistDict } from '../dict/persist-dict.js'
import { ConfigError } from '../errors/config-error.js'
import { open } from '../open/open.js'
import { openAsync } from '../open/open-async.js'
import type { OpenOptions } from '../open/open-options.js'
import { type CheckedConfig, type ConfigInput, checkConfig } from './check-config.js'
import { ciphersOf } from './make-cipher.js'
import { storeOf, syncStoreOf } from './make-store.js'
import type { PresetName } from './presets.js'
import { answersAtOnce } from './store-config.js'

/** Options that no plain data can say. */
export type CodeOptions = Pick<
  OpenOptions,
  'schema' | 'types' | 'keySerializer' | 'keyHash' | 'clock'
>

/**
 * Opens the dict of a configuration. Throws ConfigError, also for a store whose dicts are
 * asynchronous, and what open() throws.
 */
export function openFromConfig<S extends object = Record<string, unknown>>(
  input: ConfigInput,
  code: CodeOptions = {},
): PersistDict<S> {
  const config = checkConfig(input)
  const { store } = config
  if (!answersAtOnce(store)) {
    throw new ConfigError(
      'store.kind',
      `A ${store.kind} store answers later. Open it with openFromConfigAsync(), or use a store of kind lmdb, sqlite, file or memory.`,
    )
  }
  const options = { ...openOptions(config), ...code }
  const opened = syncStoreOf(store)
  try {
    return within(open<S>(opened, options as OpenOptions<S, KeyOf<S>>), config)
  } catch (error) {
    opened.close()
    throw error
  }
}

/**
 * Opens the dict of a configuration, over a store of any kind. Settings of the object view are for
 * those who open the same configuration with openFromConfig(): here there is none. Rejects with ConfigError, and what
 * openAsync() rejects with.
 */
export async function openFromConfigAsync<S extends object = Record<string, unknown>>(
  input: ConfigInput,
  code: CodeOptions = {},
): Promise<AsyncPersistDict<S>> {
  const config = checkConfig(input)
  const { onConflict: _, maxKeys: __, ...options } = { ...openOptions(config), ...code }
  const store = storeOf(config.store)
  try {
    return within(await openAsync<S>(store, options as OpenOptions<S, KeyOf<S>>), config)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Opens a dict as a preset says, but for what is set here. Throws what openFromConfig() throws. */
export function openFromPreset<S extends object = Record<string, unknown>>(
  preset: PresetName,
  settings: ConfigInput = {},
  code: CodeOptions = {},
): PersistDict<S> {
  return openFromConfig<S>({ ...settings, preset }, code)
}

/** The same, over a store of any kind. Rejects with what openFromConfigAsync() rejects with. */
export function openFromPresetAsync<S extends object = Record<string, unknown>>(
  preset: PresetName,
  settings: ConfigInput = {},
  code: CodeOptions = {},
): Promise<AsyncPersistDict<S>> {
  return openFromConfigAsync<S>({ ...settings, preset }, code)
}

function openOptions({ store: _, namespace: __, cipher, ...options }: CheckedConfig): OpenOptions {
  return cipher === undefined ? options : { ...options, cipher: ciphersOf(cipher) }
}

/** The namespace of the dict that the configuration is about. */
function within<D extends { namespace(name: string): unknown }>(
  dict: D,
  { namespace = [] }: CheckedConfig,
): D {
  // A namespace of a dict is a dict of the same class, with the same types unless others are asked for.
  return [namespace].flat().reduce((outer, name) => outer.namespace(name) as D, dict)
}
