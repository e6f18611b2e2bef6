import { writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { ConfigError } from '../errors/config-error.js'
import { type ConfigInput, checkConfig } from './check-config.js'
import { isConfigFile, loadYaml } from './config-file.js'
import { redactedConfig } from './preview.js'

/** For this user alone. */
const SECRET_MODE = 0o600
const USUAL_MODE = 0o644

/**
 * Writes a configuration into a new file, as JSON or YAML by its name. One that has secrets in it can
 * be read by this user alone. Paths stay as they are: configFromFile() takes them from the file's
 * directory on.
 *
 * Throws ConfigError, also if there is such a file; MissingPackageError without the package `yaml`.
 */
export function saveConfig(path: string, input: ConfigInput): void {
  checkConfig(input)
  if (!isConfigFile(path)) {
    throw new ConfigError(
      '',
      `The name of a configuration ends with .json, .yaml or .yml: "${path}".`,
    )
  }
  const isJson = extname(path).toLowerCase() === '.json'
  const text = isJson ? `${JSON.stringify(input, undefined, 2)}\n` : loadYaml().stringify(input)
  try {
    writeFileSync(path, text, { flag: 'wx', mode: hasSecrets(input) ? SECRET_MODE : USUAL_MODE })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'it is there already; remove it, or choose another name' : code
    throw new ConfigError('', `The file "${path}" cannot be written: ${why}.`, { cause })
  }
}

function hasSecrets(input: ConfigInput): boolean {
  return JSON.stringify(redactedConfig(input)) !== JSON.stringify(checkConfig(input))
}
