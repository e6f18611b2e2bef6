/**
 * A link to one server, through a client of our own or one that was given.
 *
 * node-redis connects again by itself, and its timers keep the process alive meanwhile. So our own
 * client is let go when the connection is lost and nobody waits for an answer, and made anew by the
 * next command.
 *
 * No command is given to a client that is not ready. node-redis would send it right behind the login and
 * the choice of the database: if these are refused, the server would do it all the same, as whoever does
 * not log in, and in database 0.
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
  /** Commands until the client is ready, or is let go. */
  #waiting: [resolve: () => void, reject: (error: unknown) => void][] = []
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
    const client = this.#opened()
    if (!client.isReady) await new Promise<void>((...waiting) => this.#waiting.push(waiting))
    return await sendTo(client, words, settings)
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
    if (this.#client !== undefined) this.#letGo(this.#client)
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
      if (this.#client !== client) return
      this.#isFailing = false
      this.failures.settle()
      for (const [resolve] of this.#waiting.splice(0)) resolve()
    })
    client.on('error', (error) => {
      // Of one that was let go: it has nothing to say any more.
      if (this.#client !== client) return
      this.#isFailing = true
      this.failures.tell(error)
      if (!this.#isBusy) this.#letGo(client)
    })
    // What went wrong is told by the event, and to each command that waits.
    client.connect().catch((error) => this.#letGo(client, error))
    return client
  }

  #letGo(client: RedisClientLike, reason: unknown = new Error('The client is closed')): void {
    if (this.#client === client) {
      this.#client = undefined
      for (const [, reject] of this.#waiting.splice(0)) reject(reason)
    }
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
  /** Undefined while its owner connects it. */
  #connected: Promise<unknown> | undefined
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
    if (!this.#client.isOpen) this.#connected = this.#client.connect()
    if (!this.#client.isReady) await this.#connected
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
