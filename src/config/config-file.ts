/** Configurations from text and files. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { ConfigError } from '../errors/config-error.js'
import { MissingPackageError } from '../errors/open-errors.js'
import { type CheckedConfig, checkedConfig } from './check-config.js'
import { originOf } from './explain.js'

/** The configuration in a text of JSON. Throws ConfigError. */
export function configFromJson(text: string): CheckedConfig {
  return checkedConfig(parsedJson(text, 'the text'), originOf('the text'))
}

/** The configuration in a text of YAML. Throws ConfigError; MissingPackageError without the package `yaml`. */
export function configFromYaml(text: string): CheckedConfig {
  return checkedConfig(parsedYaml(text, 'the text'), originOf('the text'))
}

/**
 * The configuration in a file, whose name ends with .json, .yaml or .yml. Paths in it are relative to
 * the directory of the file. Throws ConfigError, MissingPackageError.
 */
export function configFromFile(path: string): CheckedConfig {
  const place = `the file "${path}"`
  const parse = PARSERS[extname(path).toLowerCase()]
  if (parse === undefined) {
    throw new ConfigError(
      '',
      `${place} is no configuration: its name must end with .json, .yaml or .yml.`,
    )
  }
  const config = checkedConfig(parse(textOf(path, place), place), originOf(place))
  return placedIn(config, dirname(resolve(path)))
}

/** Whether a path has the name of a configuration file. */
export function isConfigFile(path: string): boolean {
  return extname(path).toLowerCase() in PARSERS
}

const PARSERS: Readonly<Record<string, (text: string, place: string) => unknown>> = {
  '.json': parsedJson,
  '.yaml': parsedYaml,
  '.yml': parsedYaml,
}

function textOf(path: string, place: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ConfigError('', `The configuration in ${place} cannot be read (${code}).`, { cause })
  }
}

/** What a parser says may show what it read, which may be a secret: only the position is told. */
function parsedJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ConfigError('', `The configuration in ${place} is no JSON.`)
  }
}

interface Yaml {
  parseDocument(text: string): {
    readonly errors: readonly {
      readonly code: string
      readonly linePos?: readonly { readonly line: number }[]
    }[]
    toJS(): unknown
  }
}

function parsedYaml(text: string, place: string): unknown {
  const document = loadYaml().parseDocument(text)
  const [error] = document.errors
  if (error === undefined) return document.toJS()
  const line = error.linePos?.[0]?.line
  throw new ConfigError(
    '',
    `The configuration in ${place} is no YAML: line ${line}, ${error.code}.`,
  )
}

function loadYaml(): Yaml {
  try {
    return createRequire(import.meta.url)('yaml') as Yaml
  } catch (cause) {
    const remedy =
      'install it beside persistdict (npm install yaml), or write the configuration as JSON'
    throw new MissingPackageError('yaml', remedy, { cause })
  }
}

/** Keys whose values are paths of files and directories. */
function placedIn(config: CheckedConfig, directory: string): CheckedConfig {
  const placed = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => placed(each, ''))
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, placed(each, key)]),
      )
    }
    return typeof value === 'string' && (name === 'path' || name === 'file')
      ? resolve(directory, value)
      : value
  }
  const { store, cipher } = config
  return {
    ...config,
    store: placed(store, '') as CheckedConfig['store'],
    ...(cipher !== undefined && { cipher: placed(cipher, '') as CheckedConfig['cipher'] }),
  }
}
