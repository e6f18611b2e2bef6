/** The events of a dict. */
import type { Listeners } from '../engine/listeners.js'
import { OptionError } from '../errors/option-error.js'

/** Something that works, and that you might want to do another way. */
export interface Warning {
  /** Stable, for programs: `'many-keys'`. */
  readonly code: 'many-keys'
  readonly message: string
}

/** What the handlers of each event are given. */
export interface DictEvents {
  readonly error: unknown
  readonly warning: Warning
}

/** All who listen to the dicts of one store. */
export type EventListeners = { readonly [E in keyof DictEvents]: Listeners<DictEvents[E]> }

/** Throws OptionError for an event that does not exist. */
export function listenersOf<E extends keyof DictEvents>(
  events: EventListeners,
  event: E,
): EventListeners[E] {
  if (Object.hasOwn(events, event)) return events[event]
  const known = Object.keys(events).join(', ')
  throw new OptionError('event', `There is no event "${String(event)}". The events are: ${known}.`)
}
