import { statSync } from 'node:fs'
import { type CheckedConfig, checkConfig } from './check-config.js'
import { configFromFile, isConfigFile } from './config-file.js'

/**
 * The configuration that a string means, as people write it in a command: a configuration file, or the
 * address of a store. Throws ConfigError. A directory is an address, whatever its name.
 */
export function configAt(place: string): CheckedConfig {
  const isFile = isConfigFile(place) && !isDirectory(place)
  return isFile ? configFromFile(place) : checkConfig({ store: place })
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
