import type { Failures } from './failures.js'
import type { CommandSettings, RedisClientLike, Words } from './redis-client.js'

/** The way to the servers that keep a store: one server, or a cluster. Connects when it is used. */
export interface Link {
  /** An address without secrets. */
  readonly location: string
  /**
   * Sends a command to the server that has `key`. While there is no connection, it waits for one,
   * until `settings.abortSignal` takes it back.
   */
  send(key: string, words: Words, settings: CommandSettings): Promise<unknown>
  readonly isConnected: boolean
  /** Whether keys may move from one server to another, one by one. */
  readonly isCluster: boolean
  readonly failures: Failures
  /** Called when nobody waits for an answer any more: from now on nothing may keep the process alive. */
  rest(): void
  /** New clients of all servers that keep rows, not connected yet, which hear of invalidations. */
  listeners(): Promise<RedisClientLike[]>
  /** Differs when the servers that keep rows are others. */
  readonly topology: string
  /** Ends the connections that were made here. */
  close(): void
}

/** How a connection that hears of invalidations is made from one that does not. */
export const LISTENING = {
  RESP: 3,
  emitInvalidate: true,
  disableOfflineQueue: true,
} as const
