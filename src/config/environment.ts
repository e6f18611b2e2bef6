/**
 * Configurations from variables of the environment.
 *
 *     PERSISTDICT_STORE=./cache                  a setting
 *     PERSISTDICT_CACHE__MAX_ENTRIES=5000        a setting in a group
 *     PERSISTDICT_NAMESPACES__users__MAX_BYTES   names that are yours are taken as they are
 *     PERSISTDICT_CIPHER__KEYS__0__ENV=APP_KEY   of a list, by number
 *     PERSISTDICT_CACHE={"maxEntries":5000}      groups and lists can be written as JSON
 */
import { ConfigError } from '../errors/config-error.js'
import { nearestOf } from '../errors/unknown-option.js'
import { parseAddress } from './address.js'
import { type CheckedConfig, type ConfigInput, checkedConfig, inputModel } from './check-config.js'
import type { Origin } from './explain.js'
import { define, type Group, isGroup, isSameKind, merged } from './merge.js'
import {
  alternativesOf,
  childrenOf,
  defOf,
  isTakenBy,
  namesIn,
  type Schema,
} from './schema-tree.js'

const PREFIX = 'PERSISTDICT_'

/**
 * The configuration in the variables that begin with PERSISTDICT_. They are put over `over`, setting by
 * setting. Variables that are empty count as not set.
 *
 * Throws ConfigError, also for a variable of such a name that is no setting, unless a key or password
 * is to be found in it.
 */
export function configFromEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  over: ConfigInput = {},
): CheckedConfig {
  const origin = new Environment()
  const tree: Record<string, unknown> = {}
  const strays: ConfigError[] = []
  for (const variable of Object.keys(environment).sort(groupsFirst)) {
    const text = environment[variable]
    if (!variable.startsWith(PREFIX) || text === undefined || text === '') continue
    const setting = settingOf(variable, origin)
    if (setting instanceof ConfigError) strays.push(setting)
    else put(tree, setting.path, meaningOf(setting.schemas, text), origin)
  }
  const data = merged(
    over,
    withLists({ schemas: [inputModel], path: [], origin }, tree, over) as Group,
  )
  const stray = strays.find(({ path }) => !isPlace(data, path))
  if (stray !== undefined) throw stray
  return checkedConfig(data, origin)
}

/** Settings by the names of their variables. */
class Environment implements Origin {
  readonly place = 'the environment'
  readonly #variables = new Map<string, string>()

  note(path: readonly string[], variable: string): void {
    this.#variables.set(path.join('.'), variable)
  }

  nameOf(path: readonly string[]): string {
    return this.#variables.get(path.join('.')) ?? PREFIX + path.map(screaming).join('__')
  }
}

function groupsFirst(a: string, b: string): number {
  return a.split('__').length - b.split('__').length || (a < b ? -1 : 1)
}

interface Setting {
  readonly path: readonly string[]
  /** What may stand there. */
  readonly schemas: readonly Schema[]
}

/** The setting that a variable names; or the error that there is none. */
function settingOf(variable: string, origin: Environment): Setting | ConfigError {
  const path: string[] = []
  let schemas: readonly Schema[] = [inputModel]
  for (const part of variable.slice(PREFIX.length).split('__')) {
    const names = namesIn(schemas)
    const name = names.find((each) => flat(each) === flat(part)) ?? part
    schemas = schemas.flatMap((schema) => childrenOf(schema, name))
    if (schemas.length === 0) return noSetting(variable, path, part, names, origin)
    path.push(name)
  }
  origin.note(path, variable)
  return { path, schemas }
}

function noSetting(
  variable: string,
  parents: readonly string[],
  part: string,
  names: readonly string[],
  origin: Environment,
): ConfigError {
  const known = names.map(screaming)
  const nearest = nearestOf(part.toUpperCase(), known)
  const group = parents.length === 0 ? PREFIX : `${origin.nameOf(parents)}__`
  if (known.length === 0) {
    const what = `There is no setting for the variable ${variable}.`
    const advice = `Set ${origin.nameOf(parents)}, where objects and lists can be written as JSON.`
    return new ConfigError(variable, `${what} ${advice}`)
  }
  const advice =
    nearest === undefined
      ? `After ${group} comes one of ${known.join(', ')}.`
      : `Did you mean ${group}${nearest}?`
  return new ConfigError(variable, `There is no setting for the variable ${variable}. ${advice}`)
}

/** What a text means where one of the schemas is to take it. */
function meaningOf(schemas: readonly Schema[], text: string): unknown {
  const json = parsedJson(text)
  if (json === undefined) return text
  const types = schemas.flatMap(alternativesOf).map((one) => defOf(one).type)
  const isPart = typeof json === 'object' && json !== null
  if (types.includes('unknown') || (isPart && types.some((type) => GROUPS.has(type)))) return json
  const takes = (value: unknown) => schemas.some((schema) => isTakenBy(schema, value))
  // What could be either is text: a password may consist of digits.
  return !takes(text) && takes(json) ? json : text
}

const GROUPS: ReadonlySet<string> = new Set(['object', 'record', 'array'])

/** Undefined if it is none. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function put(tree: Group, path: readonly string[], value: unknown, origin: Origin): void {
  let group = tree
  for (const [at, name] of path.slice(0, -1).entries()) {
    const inner = groupAt(group[name], path.slice(0, at + 1), origin)
    define(group, name, inner)
    group = inner
  }
  define(group, path.at(-1) as string, value)
}

/** What is to get one more setting: a group, or an address, of which one is made. */
function groupAt(value: unknown, path: readonly string[], origin: Origin): Group {
  if (value === undefined) return {}
  if (typeof value === 'object' && value !== null) return { ...value }
  const name = path.join('.')
  if (typeof value === 'string' && ADDRESSES.has(name)) return { ...parseAddress(value, name) }
  throw new ConfigError(
    name,
    `${origin.nameOf(path)} is a ${typeof value}, and cannot have parts, which other variables set. Set it, or its parts.`,
  )
}

const ADDRESSES: ReadonlySet<string> = new Set(['store', 'store.near', 'store.far'])

interface Spot {
  readonly schemas: readonly Schema[]
  readonly path: readonly string[]
  readonly origin: Origin
}

/** Groups whose names are numbers are lists, where a list may be. `under` is what they are put over. */
function withLists({ schemas, path, origin }: Spot, value: unknown, under: unknown): unknown {
  if (!isGroup(value)) return value
  const isUnder = isGroup(under) && isSameKind(under, value)
  const entries = Object.entries(value).map(([name, inner]) => {
    const children = schemas.flatMap((each) => childrenOf(each, name))
    const below = isUnder && Object.hasOwn(under, name) ? under[name] : undefined
    return [
      name,
      withLists({ schemas: children, path: [...path, name], origin }, inner, below),
    ] as const
  })
  const types = schemas.flatMap(alternativesOf).map((one) => defOf(one).type)
  const isList =
    types.includes('array') && entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name))
  if (isList) return listOf(entries, Array.isArray(under) ? under : [], path, origin)
  const group = {}
  for (const [name, inner] of entries) define(group, name, inner)
  return group
}

/** The list with the items that have numbers in their places. Throws ConfigError for a gap. */
function listOf(
  items: readonly (readonly [number: string, item: unknown])[],
  under: readonly unknown[],
  path: readonly string[],
  origin: Origin,
): unknown[] {
  const list = [...under]
  // Names that are numbers come in their order.
  for (const [number, item] of items) {
    const missing = list.length
    if (Number(number) > missing) {
      const [given, wanted] = [number, String(missing)].map((at) => origin.nameOf([...path, at]))
      throw new ConfigError(
        [...path, number].join('.'),
        `There is a setting ${given} in ${origin.place}, and no ${wanted} before it. Number the items of a list from 0 on.`,
      )
    }
    list[Number(number)] = item
  }
  return list
}

/** Whether the name stands somewhere in the data as the place of a secret. */
function isPlace(data: unknown, variable: string): boolean {
  if (typeof data !== 'object' || data === null) return false
  return Object.entries(data).some(
    ([name, value]) => (name === 'env' && value === variable) || isPlace(value, variable),
  )
}

function flat(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

function screaming(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, '_$&').toUpperCase()
}
