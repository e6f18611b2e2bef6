/** Configurations from text and files. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { ConfigError } from '../errors/config-error.js'
import { MissingPackageError } from '../errors/open-errors.js'
import { type CheckedConfig, checkedConfig } from './check-config.js'
import { originOf } from './explain.js'
import { isGroup } from './merge.js'

/** The configuration in a text of JSON. Throws ConfigError. */
export function configFromJson(text: string): CheckedConfig {
  return configIn(parsedJson(text, 'the text'), 'the text')
}

/** The configuration in a text of YAML. Throws ConfigError; MissingPackageError without the package `yaml`. */
export function configFromYaml(text: string): CheckedConfig {
  return configIn(parsedYaml(text, 'the text'), 'the text')
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
  const config = configIn(parse(textOf(path, place), place), place)
  return placedIn(config, dirname(resolve(path)))
}

/** Editors find the schema by "$schema"; it is no setting. */
function configIn(data: unknown, place: string): CheckedConfig {
  const { $schema: _, ...settings } = isGroup(data) ? data : {}
  return checkedConfig(isGroup(data) ? settings : data, originOf(place))
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
    // Editors may put a mark in front.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ConfigError('', `The configuration in ${place} cannot be read (${code}).`, { cause })
  }
}

/** What a parser says may show what it read, which may be a secret: only the line is told. */
function parsedJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1]
    throw unparsed(place, 'JSON', text.slice(0, Number(position ?? text.length)).split('\n').length)
  }
}

function unparsed(place: string, language: string, line: number | undefined): ConfigError {
  const where = line === undefined ? '' : ` Look at line ${line}.`
  return new ConfigError('', `The configuration in ${place} is no ${language}.${where}`)
}

interface Yaml {
  parseDocument(text: string): {
    readonly errors: readonly {
      readonly linePos?: readonly { readonly line: number }[]
    }[]
    toJS(): unknown
  }
  stringify(value: unknown): string
}

function parsedYaml(text: string, place: string): unknown {
  const document = loadYaml().parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw unparsed(place, 'YAML', error.linePos?.[0]?.line)
  try {
    return document.toJS()
  } catch {
    // Aliases that refer to nothing, or to far too much.
    throw unparsed(place, 'YAML', undefined)
  }
}

/** The package `yaml`, if it is installed beside this one. Throws MissingPackageError. */
export function loadYaml(): Yaml {
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
