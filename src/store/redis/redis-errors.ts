/** What the errors of node-redis and of the server mean. */
import { OptionError } from '../../errors/option-error.js'
import { PersistDictError } from '../../errors/persist-dict-error.js'
import {
  ReadOnlyStoreError,
  StoreAccessError,
  UnreachableError,
} from '../../errors/server-errors.js'
import { StoreError, StoreFullError } from '../../errors/store-errors.js'

/**
 * What became of a command that failed.
 * `'refused'`: nothing was done, nor would it be by asking again. `'undone'`: nothing was done, and
 * asking again may help. `'unknown'`: the answer was lost.
 */
export type Fate = 'refused' | 'undone' | 'unknown'

/**
 * Answers of a server that will soon answer otherwise: it is starting, or a cluster is changing. While
 * a slot moves to another node, scripts meet rows that have gone there.
 */
const SOON =
  /^(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|BUSY) |script tried accessing.*non local|access a non local key/i

/** The user may not do this. */
const REFUSALS = /^(WRONGPASS|NOAUTH|NOPERM)|^ERR (AUTH|invalid password|Client sent AUTH)/

/** There is no such database. */
const NO_DATABASE = /^ERR (DB index|SELECT is not allowed)/

/** node-redis had no connection to send it on. */
const UNSENT =
  /client is (closed|offline)|root nodes is available|queue is full|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|Connection timeout/

/** How errors of the server begin: one word in capitals. */
const ANSWER = /^[A-Z][A-Z0-9]+ /

export function fateOf(error: unknown): Fate {
  const text = messageOf(error)
  if (SOON.test(text)) return 'undone'
  if (ANSWER.test(text)) return 'refused'
  return UNSENT.test(text) ? 'undone' : 'unknown'
}

/** Whether the server refused the connection for good. */
export function isRefusal(error: unknown): boolean {
  const text = messageOf(error)
  return REFUSALS.test(text) || NO_DATABASE.test(text)
}

/** The error that users get. */
export function storeError(location: string, error: unknown): PersistDictError {
  if (error instanceof PersistDictError) return error
  const text = messageOf(error)
  const options = { cause: error }
  if (REFUSALS.test(text)) return new StoreAccessError(location, text, options)
  if (text.startsWith('READONLY')) return new ReadOnlyStoreError(location, text, options)
  if (text.startsWith('OOM')) return new StoreFullError(full(location, text), options)
  if (/^MISCONF|^NOREPLICAS/.test(text)) return new StoreError(unsafe(location, text), options)
  if (NO_DATABASE.test(text)) return new OptionError('url', text)
  if (ANSWER.test(text) && !SOON.test(text)) {
    return new StoreError(`The store at ${location} refused a command: ${text}`, options)
  }
  return new UnreachableError(location, text, options)
}

function full(location: string, text: string): string {
  return (
    `The store at ${location} has no memory left: ${text}. Nothing was changed. ` +
    'Raise maxmemory of the server, or delete entries. Reads and deletes still work.'
  )
}

function unsafe(location: string, text: string): string {
  return (
    `The store at ${location} takes no writes, as it could not keep them safe: ${text}. ` +
    'Look into the log of the server.'
  )
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    // Node gives one of these when each address of a host failed.
    return error.errors.map(messageOf).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}
