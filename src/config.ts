/**
 * Dicts that are described and not programmed: files, environment variables and presets.
 *
 * @packageDocumentation
 */
export { parseAddress, withoutPassword } from './config/address.js'
export { type ConfigBuilder, configBuilder } from './config/builder.js'
export {
  type CheckedConfig,
  type ConfigInput,
  checkConfig,
} from './config/check-config.js'
export type { CipherConfig, KeyConfig, PasswordConfig } from './config/cipher-config.js'
export type { CompressConfig, Config, Settings } from './config/config.js'
export { configAt } from './config/config-at.js'
export { configFromFile, configFromJson, configFromYaml } from './config/config-file.js'
export { configFromEnvironment } from './config/environment.js'
export { configSchema, type JsonSchema } from './config/json-schema.js'
export {
  type CodeOptions,
  openFromConfig,
  openFromConfigAsync,
  openFromPreset,
  openFromPresetAsync,
} from './config/open-from-config.js'
export { PRESET_NAMES, type PresetName, presetConfig } from './config/presets.js'
export { preview, redactedConfig } from './config/preview.js'
export type { Dialogue } from './config/questions.js'
export { saveConfig } from './config/save-config.js'
export type { Secret, SecretPlace } from './config/secret.js'
export type {
  FarConfig,
  FileConfig,
  LmdbConfig,
  MemoryConfig,
  NearConfig,
  RedisConfig,
  SqliteConfig,
  StoreConfig,
  SyncStoreConfig,
  TieredConfig,
} from './config/store-config.js'
export { configWizard } from './config/wizard.js'
