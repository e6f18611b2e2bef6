/**
 * A link to one server, through a client of our own or one that was given.
 *
 * node-redis connects again by itself, and its timers keep the process alive meanwhile. So our own
 * client is let go when the connection is lost and nobody waits for an answer, and made anew by the
 * next command.
 */
import { backOffMs } from './back-off.js'
import { Failures } from './failures.js'
import { LISTENING, type Link } from './link.js'
import { type CommandSettings, type RedisClientLike, sendTo, type Words } from './redis-client.js'
import { isRefusal } from './redis-errors.js'

/** Connections are tried for so long before another attempt begins. */
const CONNECT_MS = 5_000

/** Makes a client with these settings besides those of the user. */
export type MakeClient = (overrides: {
  readonly socket: object
  readonly disableOfflineQueue: boolean
}) => RedisClientLike

/** A link through clients that `make` makes; it closes them. */
export function ownClientLink(location: string, make: MakeClient): Link {
  return new OwnClientLink(location, make)
}

class OwnClientLink implements Link {
  readonly location: string
  readonly isCluster = false
  readonly topology = ''
  readonly #make: MakeClient
  #client: RedisClientLike | undefined
  #isBusy = false
  #isFailing = false
  readonly failures = new Failures()

  constructor(location: string, make: MakeClient) {
    this.location = location
    this.#make = make
  }

  get isConnected(): boolean {
    return this.#client?.isReady === true
  }

  async send(_key: string, words: Words, settings: CommandSettings): Promise<unknown> {
    this.#isBusy = true
    return await sendTo(this.#opened(), words, settings)
  }

  rest(): void {
    this.#isBusy = false
    // While it connects for the first time it is not ready, and may have answered all the same.
    if (this.#client !== undefined && this.#isFailing) this.#letGo(this.#client)
  }

  async listeners(): Promise<RedisClientLike[]> {
    return [this.#make({ ...LISTENING, socket: { reconnectStrategy: false } })]
  }

  close(): void {
    const client = this.#client
    this.#client = undefined
    if (client?.isOpen) client.destroy()
  }

  #opened(): RedisClientLike {
    if (this.#client?.isOpen) return this.#client
    const client = this.#make({
      disableOfflineQueue: false,
      socket: {
        connectTimeout: CONNECT_MS,
        // A wrong password does not become right by trying again.
        reconnectStrategy: (attempts: number, cause: Error) =>
          isRefusal(cause) ? cause : backOffMs(attempts),
      },
    })
    this.#client = client
    this.#isFailing = false
    client.unref()
    client.on('ready', () => {
      this.#isFailing = false
      this.failures.settle()
    })
    client.on('error', (error) => {
      // Of one that was let go: it has nothing to say any more.
      if (this.#client !== client) return
      this.#isFailing = true
      this.failures.tell(error)
      if (!this.#isBusy) this.#letGo(client)
    })
    // What went wrong is told by the event, and to each command that waits.
    client.connect().catch(() => this.#letGo(client))
    return client
  }

  #letGo(client: RedisClientLike): void {
    if (this.#client === client) this.#client = undefined
    if (client.isOpen) client.destroy()
  }
}

/** A link through a client of the user's, who closes it. It is connected if it was not yet. */
export function givenClientLink(location: string, client: RedisClientLike): Link {
  return new GivenClientLink(location, client)
}

class GivenClientLink implements Link {
  readonly location: string
  readonly isCluster = false
  readonly topology = ''
  readonly #client: RedisClientLike
  readonly failures = new Failures()

  constructor(location: string, client: RedisClientLike) {
    this.location = location
    this.#client = client
    // Without a listener, an error of the connection would end the process.
    client.on('ready', () => this.failures.settle())
    client.on('error', (error) => {
      this.failures.tell(error)
    })
  }

  get isConnected(): boolean {
    return this.#client.isReady
  }

  async send(_key: string, words: Words, settings: CommandSettings): Promise<unknown> {
    // The rejection reaches the command, too: it is flushed with the reason.
    if (!this.#client.isOpen) this.#client.connect().catch(() => {})
    return await sendTo(this.#client, words, settings)
  }

  /** Whether it keeps the process alive is up to its owner. */
  rest(): void {}

  async listeners(): Promise<RedisClientLike[]> {
    return [listening(this.#client)]
  }

  close(): void {}
}

/** A client like another, not connected, that hears of invalidations. */
export function listening(client: RedisClientLike): RedisClientLike {
  const options = client.options as { readonly socket?: object } | undefined
  const socket = { ...options?.socket, reconnectStrategy: false }
  // As in redis-client.ts: the options are those of node-redis.
  return client.duplicate({ ...LISTENING, socket, clientSideCache: undefined } as never)
}
