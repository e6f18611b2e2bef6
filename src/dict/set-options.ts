import { types } from 'node:util'
import { MAX_UINT48 } from '../bytes.js'
import type { Clock } from '../clock.js'
import { type Duration, durationMs } from '../duration.js'
import { kindOf } from '../errors/checked-argument.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import type { EntryEvent } from './events/entry-event.js'

/** Options of set() and of everything that sets. At most one of the first three. */
export interface SetOptions {
  /** How long the entry lives from now. Null or Infinity: for ever. @default the dict's `ttl` */
  readonly ttl?: Duration | null | undefined
  /** When the entry goes, as a Date or in milliseconds since 1970-01-01 UTC. */
  readonly expiresAt?: number | Date | undefined
  /** Keep the deadline that the entry has. */
  readonly keepTtl?: boolean | undefined
  /** Names of groups that the entry belongs to. */
  readonly tags?: readonly string[] | undefined
  /** Called once, in this process, when this entry has expired; not if it is removed or set before. */
  readonly onExpire?: ((event: EntryEvent) => unknown) | undefined
  /** Called, in this process, each time the value of this entry was read. */
  readonly onAccess?: ((event: EntryEvent) => unknown) | undefined
}

const NAMES = ['ttl', 'expiresAt', 'keepTtl', 'tags', 'onExpire', 'onAccess'] as const

/** What update() and increment() do unless they are told otherwise. */
export const KEEP_TTL: SetOptions = Object.freeze({ keepTtl: true })

/** The deadline that the options ask for: 0 for never, undefined to keep the present one. */
export function deadlineOf(
  options: SetOptions | undefined,
  defaultTtlMs: number,
  clock: Clock,
): number | undefined {
  if (options === undefined) return afterMs(defaultTtlMs, clock)
  // Ours, so there is nothing to check: checking takes longer than encoding a small value.
  if (options === KEEP_TTL) return undefined
  refuseUnknown(options, NAMES, 'set()')
  for (const name of ['onExpire', 'onAccess'] as const) {
    const handler: unknown = options[name]
    if (handler !== undefined && typeof handler !== 'function') {
      throw new OptionError(name, `${name} must be a function.`)
    }
  }
  const { ttl, expiresAt, keepTtl } = options
  const given = [ttl, expiresAt, keepTtl || undefined].filter((option) => option !== undefined)
  if (given.length > 1) {
    throw new OptionError(
      'ttl',
      'Give at most one of ttl, expiresAt and keepTtl: they contradict each other.',
    )
  }
  if (keepTtl) return undefined
  if (expiresAt !== undefined) return checkedInstant(expiresAt)
  if (ttl === null) return 0
  return afterMs(ttl === undefined ? defaultTtlMs : durationMs(ttl, 'ttl'), clock)
}

const NO_TAGS: readonly string[] = Object.freeze([])

/** The same options, with the tags that the entry has if they name none. */
export function keepingTags(
  options: SetOptions,
  present: { readonly tags: readonly string[] } | undefined,
): SetOptions {
  return present === undefined || present.tags.length === 0 || options.tags !== undefined
    ? options
    : { ...options, tags: present.tags }
}

/** Tags to be invalidated, checked. */
export function checkedTags(tags: readonly unknown[]): readonly string[] {
  if (tags.every((tag) => typeof tag === 'string')) return tags as readonly string[]
  throw new OptionError('tags', 'A tag must be a string.')
}

/** The tags that the options ask for, as a list of its own. */
export function tagsOf(options: SetOptions | undefined): readonly string[] {
  const tags: unknown = options?.tags
  if (tags === undefined) return NO_TAGS
  // Checked here: what no record can hold must not wait for a commit to fail.
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return [...tags]
  throw new OptionError('tags', 'tags must be an array of strings.')
}

/** The instant in `ms` from now; 0 for never. */
export function afterMs(ms: number, clock: Clock): number {
  // Rounded up: an entry is never gone early.
  return ms === Number.POSITIVE_INFINITY ? 0 : Math.min(Math.ceil(clock.now() + ms), MAX_UINT48)
}

function checkedInstant(given: unknown): number {
  // '2030' as a number would be an instant of 1970, and the entry be gone at once.
  if (typeof given !== 'number' && !types.isDate(given)) {
    throw new OptionError(
      'expiresAt',
      `expiresAt must be milliseconds since 1970-01-01 UTC or a Date, and was ${kindOf(given)}. Use ttl: null for "for ever".`,
    )
  }
  const expiresAt = Number(given)
  if (expiresAt === Number.POSITIVE_INFINITY) return 0
  if (!(expiresAt > 0)) {
    throw new RangeError(
      `expiresAt must be a time after 1970-01-01 UTC in milliseconds, and was ${String(expiresAt)}.`,
    )
  }
  return Math.min(Math.ceil(expiresAt), MAX_UINT48)
}
