/**
 * Hearing of changes by others: the server's "client side caching", on connections of its own.
 *
 * In broadcasting mode the server sends the name of each row that changed, whoever read it. It does
 * so before it answers whoever changed it. Connections that only listen can be lost without anybody
 * noticing, so they are asked for a sign of life: its answer shows that all that was sent before has
 * arrived. Without one for MAX_SILENCE_MS, nothing counts as heard.
 */
import type { Clock, Timer } from '../../clock.js'
import { backOffMs } from './back-off.js'
import type { Link } from './link.js'
import { type RedisClientLike, sendTo, type Words } from './redis-client.js'

const BEAT_MS = 1_000

/** After an answer to a beat: the next beat, and the time that its answer may take. */
const MAX_SILENCE_MS = 3_000

/** Connecting and switching on take no longer, or begin again. */
const CONNECT_MS = 5_000

export interface TrackingParts {
  readonly link: Link
  readonly clock: Clock
  /** What the names of all rows begin with. */
  readonly prefixes: readonly string[]
  /** The name of a row that changed, or undefined if changes may have been missed. */
  readonly tell: (name: Buffer | undefined) => void
  /** The name of a key that has expired, if the server tells such names. Any key of the database. */
  readonly expired: (name: Buffer) => void
}

export class Tracking {
  readonly #parts: TrackingParts
  #clients: RedisClientLike[] = []
  #isOn = false
  #isStopped = false
  /** When the last beat was sent that was answered. */
  #heardAt = 0
  #topology = ''
  #attempts = 0
  #timer: Timer | undefined
  #wantsExpired = false
  losses = 0

  constructor(parts: TrackingParts) {
    this.#parts = parts
    void this.#begin()
  }

  /** Whether all changes that were made MAX_SILENCE_MS ago, or earlier, have been told. */
  get hears(): boolean {
    return this.#isOn && this.#parts.clock.monotonic() - this.#heardAt < MAX_SILENCE_MS
  }

  stop(): void {
    this.#isStopped = true
    this.#isOn = false
    this.#timer?.cancel()
    this.#dropClients()
  }

  async #begin(): Promise<void> {
    const { link, clock, prefixes, tell } = this.#parts
    const began = clock.monotonic()
    try {
      const clients = await link.listeners()
      this.#clients = clients
      if (this.#isStopped) return this.#dropClients()
      const giveUp = clock.after(CONNECT_MS, () => this.#dropClients())
      try {
        await Promise.all(clients.map((client) => this.#listen(client, prefixes)))
      } finally {
        giveUp.cancel()
      }
      // Lost already, or stopped: whoever did that has seen to the rest.
      if (this.#clients !== clients) throw new Error('The connection was lost.')
    } catch {
      // It has no other effect than that `hears` stays false, and is tried again.
      this.#dropClients()
      this.#again()
      return
    }
    this.#attempts = 0
    this.#heardAt = began
    this.#topology = link.topology
    this.#isOn = true
    tell(undefined)
    void this.#beat()
  }

  async #listen(client: RedisClientLike, prefixes: readonly string[]): Promise<void> {
    const lost = () => this.#lost(client)
    client.unref()
    client.on('error', lost)
    client.on('end', lost)
    // Null when the whole database was emptied.
    client.on('invalidate', (name) => this.#parts.tell((name ?? undefined) as Buffer | undefined))
    await client.connect()
    // node-redis has switched tracking on in the mode for keys that were read by this connection.
    await this.#ask(client, ['CLIENT', 'TRACKING', 'OFF'])
    const which = prefixes.flatMap((prefix) => ['PREFIX', prefix])
    await this.#ask(client, ['CLIENT', 'TRACKING', 'ON', 'BCAST', ...which])
    if (this.#wantsExpired) await this.#subscribe(client)
  }

  /** Has names of expired keys told, too, from now on. */
  async hearExpired(): Promise<void> {
    this.#wantsExpired = true
    // Those that are being connected do it by themselves.
    if (this.#isOn) await Promise.all(this.#clients.map((client) => this.#subscribe(client)))
  }

  /** Does nothing if the server does not tell, or does not say whether it would. */
  async #subscribe(client: RedisClientLike): Promise<void> {
    try {
      const answer = await this.#ask(client, ['CONFIG', 'GET', 'notify-keyspace-events'])
      const [, events] = Array.isArray(answer) ? answer : Object.entries(answer as object).flat()
      if (!/E/.test(String(events)) || !/[xA]/.test(String(events))) return
      const { database = 0 } = (client.options ?? {}) as { readonly database?: number }
      const channel = `__keyevent@${database}__:expired`
      // As in redis-client.ts; the name of the key is the message, as bytes.
      await client.subscribe(channel as never, this.#parts.expired as never, true as never)
    } catch {
      // A user who may not ask does without. A lost connection is noticed by its events.
    }
  }

  async #beat(): Promise<void> {
    const { clock, link } = this.#parts
    const clients = this.#clients
    const sentAt = clock.monotonic()
    const giveUp = clock.after(MAX_SILENCE_MS, () => this.#lost(clients[0]))
    try {
      await Promise.all(clients.map((client) => this.#ask(client, ['PING'])))
    } catch {
      this.#lost(clients[0])
    } finally {
      giveUp.cancel()
    }
    if (!this.#isOn || this.#clients !== clients) return
    this.#heardAt = sentAt
    if (link.topology !== this.#topology) this.#lost(clients[0])
    else this.#timer = clock.after(BEAT_MS, () => void this.#beat())
  }

  #ask(client: RedisClientLike, words: Words): Promise<unknown> {
    return sendTo(client, words, {
      typeMapping: { 36: Buffer },
      abortSignal: new AbortController().signal,
      timeout: undefined,
    })
  }

  #lost(client: RedisClientLike | undefined): void {
    if (!this.#isOn || client === undefined || !this.#clients.includes(client)) return
    this.#isOn = false
    this.losses++
    this.#timer?.cancel()
    this.#dropClients()
    this.#parts.tell(undefined)
    this.#again()
  }

  #again(): void {
    if (this.#isStopped) return
    this.#timer = this.#parts.clock.after(backOffMs(this.#attempts++), () => void this.#begin())
  }

  #dropClients(): void {
    const clients = this.#clients
    this.#clients = []
    for (const client of clients) if (client.isOpen) client.destroy()
  }
}
