/** The events of a dict, and how they are asked for. */
import type { Duration } from '../../duration.js'
import { durationMs } from '../../duration.js'
import { OptionError } from '../../errors/option-error.js'
import { nearestOf, refuseUnknown } from '../../errors/unknown-option.js'
import type { EntryEvent } from './entry-event.js'

/** Something that works, and that you might want to do another way. */
export interface Warning {
  /**
   * Stable, for programs. `'many-keys'`: a call lists very many keys at once. `'key-use'`: a key has
   * sealed a quarter of the messages that it may. `'restored-backup'`, `'rebuilt-empty'`: opening put
   * aside what a crash of the system may have damaged.
   */
  readonly code: 'many-keys' | 'key-use' | 'restored-backup' | 'rebuilt-empty'
  /** For people: what happened, and what to do. */
  readonly message: string
}

/** A namespace was emptied by clear(). */
export interface ClearEvent {
  /** Says which event it is. */
  readonly event: 'clear'
  /** The names of the namespace from the root down; empty for the root. */
  readonly namespace: readonly string[]
}

/** All entries with any of these tags are gone. */
export interface InvalidateEvent {
  /** Says which event it is. */
  readonly event: 'invalidate'
  /** The names of the namespace from the root down; empty for the root. */
  readonly namespace: readonly string[]
  /** The tags whose entries are gone. */
  readonly tags: readonly string[]
}

/** What the handlers of each event are given. */
export interface DictEvents<K = unknown, V = unknown> {
  /** An entry was stored, or given another deadline. */
  readonly set: EntryEvent<K, V>
  /** The value of an entry was read. */
  readonly get: EntryEvent<K, V>
  /** The same as `get`. */
  readonly access: EntryEvent<K, V>
  /** An entry was removed by a call. */
  readonly delete: EntryEvent<K, V>
  /** An entry was removed after its deadline, by this process. */
  readonly expire: EntryEvent<K, V>
  /** An entry was removed to make room, by this process. */
  readonly evict: EntryEvent<K, V>
  /** A namespace was emptied by a call. */
  readonly clear: ClearEvent
  /** All entries with a tag were invalidated by a call. */
  readonly invalidate: InvalidateEvent
  /** What no call can report, such as a commit in the background that failed. */
  readonly error: unknown
  /** Something works, and could be done better. */
  readonly warning: Warning
}

export type EventName = keyof DictEvents

/** Told at once, and to all dicts of a store: they concern the store and no entry. */
export type NoticeName = 'error' | 'warning'

const EVENTS: readonly EventName[] = [
  'set',
  'get',
  'access',
  'delete',
  'expire',
  'evict',
  'clear',
  'invalidate',
  'error',
  'warning',
]

/** What a handler gets besides the event. */
export interface HandlerContext {
  /** Aborted when the handler has used up its time. */
  readonly signal: AbortSignal
}

/** Called with each event, one after the other: a promise that it returns is waited for. */
export type Handler<E> = (event: E, context: HandlerContext) => unknown

/** Options of on(). */
export interface HandlerOptions<K = unknown> {
  /** Only events of this key, in the dict or namespace that is listened to. */
  readonly key?: K | undefined
  /** How long a handler may take with one event. @default '30s' */
  readonly timeout?: Duration | undefined
  /** Ends after the first event. @default false */
  readonly once?: boolean | undefined
  /** Ends when this is aborted. */
  readonly signal?: AbortSignal | undefined
  /** Runs the default export of `module` in a worker thread, which is terminated at the timeout. @default false */
  readonly isolate?: boolean | undefined
  /** The module of an isolated handler: a URL, or its text. */
  readonly module?: URL | string | undefined
}

/** Runs a module's default export, in a worker thread, as the handler. */
export interface IsolatedOptions<K = unknown> extends HandlerOptions<K> {
  /** Says that the handler runs in a worker thread, which is terminated at the timeout. */
  readonly isolate: true
  /** The module whose default export is the handler: a URL, or its text. */
  readonly module: URL | string
}

/** The options of a handler, checked. */
export interface HandlerTerms {
  readonly key: unknown
  readonly timeoutMs: number
  readonly isOnce: boolean
  readonly signal: AbortSignal | undefined
  /** For an isolated handler. */
  readonly module: URL | undefined
}

/** Long enough for a slow request, short enough that a handler that hangs is noticed. */
export const DEFAULT_TIMEOUT_MS = 30_000

const NAMES = ['key', 'timeout', 'once', 'signal', 'isolate', 'module'] as const

export function isNotice(event: EventName): event is NoticeName {
  return event === 'error' || event === 'warning'
}

/** Throws OptionError for an event that does not exist, suggesting the nearest. */
export function checkEvent(event: unknown): void {
  if ((EVENTS as readonly unknown[]).includes(event)) return
  const near = typeof event === 'string' ? nearestOf(event, EVENTS) : undefined
  const advice =
    near === undefined ? `The events are: ${EVENTS.join(', ')}.` : `Did you mean "${near}"?`
  throw new OptionError('event', `There is no event "${String(event)}". ${advice}`)
}

/** Throws OptionError, or RangeError for a timeout that is none. */
export function checkedTerms(options: HandlerOptions, handler: unknown): HandlerTerms {
  refuseUnknown(options, NAMES, 'on()')
  const { key, timeout, once = false, signal, isolate = false, module } = options
  if (isolate !== (module !== undefined) || isolate === (typeof handler === 'function')) {
    throw new OptionError(
      'isolate',
      'on() takes a handler, which must be a function; or, with isolate: true, the module whose default export is one, and no handler.',
    )
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new OptionError('signal', 'signal must be an AbortSignal.')
  }
  return {
    key,
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : durationMs(timeout, 'timeout'),
    isOnce: once,
    signal,
    module: module === undefined ? undefined : moduleUrl(module),
  }
}

function moduleUrl(module: URL | string): URL {
  try {
    return new URL(module)
  } catch {
    throw new OptionError(
      'module',
      `module must be a URL, such as new URL('./handler.js', import.meta.url), and was "${String(module)}".`,
    )
  }
}
