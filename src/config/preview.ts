/** Configurations for people to look at: secrets are shown as three stars. */
import { withoutPassword } from './address.js'
import { type CheckedConfig, type ConfigInput, checkConfig } from './check-config.js'
import { define, isGroup } from './merge.js'

const STARS = '***'

/** Names of settings that are secrets; of node-redis, too, whose settings are passed on as they are. */
const SECRET_NAMES = /pass(word|phrase|wd)?$|secret|token|credential|^auth$|^key$|^pfx$/i

/** An address that has a user, or could be one that cannot be read. */
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\//i

/**
 * The configuration as text, with its preset and addresses resolved: JSON, in which passwords are
 * three stars. So are `initial` entries that are to be encrypted. Throws ConfigError.
 */
export function preview(input: ConfigInput): string {
  return JSON.stringify(redactedConfig(input), undefined, 2)
}

/** The same as an object. It shows a configuration, and may not open its store. Throws ConfigError. */
export function redactedConfig(input: ConfigInput): CheckedConfig {
  const config = checkConfig(input)
  const { initial, cipher } = config
  const hidden = cipher === undefined || initial === undefined ? {} : { initial: STARS }
  // Stars are as much of a string as what they stand for.
  return { ...(redacted(config, '') as CheckedConfig), ...(hidden as object) }
}

function redacted(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((each) => redacted(each, name))
  if (isGroup(value)) {
    const group = {}
    for (const [key, inner] of Object.entries(value)) define(group, key, redacted(inner, key))
    return group
  }
  if (typeof value !== 'string') return value
  if (SECRET_NAMES.test(name)) return STARS
  if (name !== 'url' && !ADDRESS.test(value)) return value
  return URL.canParse(value) ? withoutPassword(value) : STARS
}
