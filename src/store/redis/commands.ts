/**
 * Commands and scripts over a link: each is answered or rejected with a typed error within the
 * timeout.
 *
 * A command that changes nothing, or may be repeated, is sent again if its answer was lost. One that
 * the server has certainly not run is sent again in any case. Both end with the timeout.
 */
import { type Clock, keepAlive, type Timer } from '../../clock.js'
import { ClosedError } from '../../errors/open-errors.js'
import { StoreTimeoutError, UnreachableError } from '../../errors/server-errors.js'
import { backOffMs } from './back-off.js'
import type { Link } from './link.js'
import type { Words } from './redis-client.js'
import { fateOf, storeError } from './redis-errors.js'
import type { Script } from './scripts.js'

/** Whether a command may be run twice. */
export type Repeat = 'repeatable' | 'once'

/** Strings of an answer as bytes, by their sign in the protocol. */
const AS_BYTES = { 36: Buffer } as const

export class Commands {
  readonly link: Link
  readonly timeoutMs: number
  readonly #clock: Clock
  #waiting = 0
  #hold: Timer | undefined
  #closed = false

  constructor(link: Link, timeoutMs: number, clock: Clock) {
    this.link = link
    this.timeoutMs = timeoutMs
    this.#clock = clock
  }

  /** Runs a command on the server that has `key`. */
  run(key: string, words: Words, repeat: Repeat): Promise<unknown> {
    return this.#persistent(repeat, (signal) => this.#send(key, words, signal))
  }

  /** Runs a script. All of `keys` lie in one slot; there is at least one. */
  script(script: Script, keys: Words, args: Words, repeat: Repeat): Promise<unknown> {
    const [first] = keys as readonly [string | Buffer]
    const key = typeof first === 'string' ? first : first.toString('latin1')
    const rest = [String(keys.length), ...keys, ...args]
    return this.#persistent(repeat, async (signal) => {
      try {
        return await this.#send(key, ['EVALSHA', script.sha, ...rest], signal)
      } catch (error) {
        // The server has not seen it since its start: nothing was done.
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
        return await this.#send(key, ['EVAL', script.source, ...rest], signal)
      }
    })
  }

  assertOpen(): void {
    if (this.#closed) throw new ClosedError(`The store at ${this.link.location}`)
  }

  close(): void {
    this.#closed = true
    this.link.close()
  }

  #send(key: string, words: Words, abortSignal: AbortSignal): Promise<unknown> {
    return this.link.send(key, words, { typeMapping: AS_BYTES, abortSignal, timeout: undefined })
  }

  async #persistent(
    repeat: Repeat,
    attempt: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<unknown> {
    this.assertOpen()
    if (this.#waiting++ === 0) this.#hold = keepAlive()
    const abort = new AbortController()
    let late: (error: Error) => void = () => {}
    const inTime = new Promise<never>((_, reject) => {
      late = reject
    })
    const timer = this.#clock.after(this.timeoutMs, () => {
      late(this.#timeout())
      // What was not sent yet must not be sent later.
      abort.abort()
    })
    try {
      for (let attempts = 0; ; attempts++) {
        try {
          return await Promise.race([attempt(abort.signal), inTime])
        } catch (error) {
          this.assertOpen()
          const fate = abort.signal.aborted ? 'refused' : fateOf(error)
          if (fate === 'refused' || (fate === 'unknown' && repeat === 'once')) {
            throw storeError(this.link.location, error)
          }
          await Promise.race([this.#pause(attempts), inTime])
        }
      }
    } finally {
      timer.cancel()
      if (--this.#waiting === 0) {
        this.#hold?.cancel()
        this.link.rest()
      }
      // Nobody may be waiting for it any more.
      inTime.catch(() => {})
    }
  }

  /** If there is no connection, that is the reason, and not a slow server. */
  #timeout(): Error {
    const { location, isConnected } = this.link
    const { last: cause } = this.link.failures
    if (isConnected) return new StoreTimeoutError(location, this.timeoutMs)
    const why = cause === undefined ? '' : ` (${cause instanceof Error ? cause.message : cause})`
    const what = `there was no connection for ${this.timeoutMs} ms${why}`
    return new UnreachableError(location, what, { cause })
  }

  #pause(attempts: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(backOffMs(attempts), resolve))
  }
}
