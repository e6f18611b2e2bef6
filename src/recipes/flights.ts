/**
 * Computing a value once: first among the tasks of this process (flights), then among all processes
 * (leases), then only if a second look, under the lease, still finds none.
 *
 * Whoever has the lease stores the value and gives the lease back in one commit, which wakes all who
 * wait. So a value that was stored is seen by whoever gets the lease next.
 */

import type { Timer } from '../clock.js'
import type { ComputeHost, KeptEntry } from '../engine/compute/compute-host.js'
import type { ComputeContext } from '../engine/compute/compute-options.js'
import { publishCompute } from '../engine/diagnostics.js'
import type { HeldLease } from '../engine/leases/lease-keeper.js'
import type { Beat } from '../engine/leases/lease-rules.js'
import { stopAfter } from '../engine/leases/stop-signal.js'
import { ComputeTimeoutError } from '../errors/compute-errors.js'
import { type ComputeTerms, computeTerms } from './compute-terms.js'
import { Flight, type Outcome } from './flight.js'

/** A call of getOrSet(), with all that its computation needs. */
export interface Call {
  readonly host: ComputeHost
  readonly key: string
  readonly userKey: unknown
  readonly fn: (context: ComputeContext<never, never>) => unknown
  readonly terms: ComputeTerms
}

const ELSEWHERE: Outcome = { kind: 'elsewhere' }
const STORED: Outcome = { kind: 'stored' }

export class Flights {
  /** The running computations of this process, by the ids of their keys. */
  readonly #flights = new Map<string, Flight>()
  readonly #random: () => number

  /** `random` gives numbers from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  async getOrSet(call: Call): Promise<unknown> {
    const { host, key, terms } = call
    if (!terms.refresh) {
      const [value] = await host.values([key])
      if (value !== undefined) {
        if (terms.earlyRefresh > 0) await this.#refreshEarly(call)
        return value
      }
      const kept = terms.staleMs > 0 ? await host.kept(key) : undefined
      if (kept !== undefined && isWithin(kept, terms.staleMs, call)) {
        this.#refresh(call, kept.version)
        return kept.value()
      }
    }
    return this.#wait(call)
  }

  /** Waits for the value; serves the old one instead where the options say so. */
  async #wait(call: Call): Promise<unknown> {
    const { host, key, terms } = call
    const late = () => new ComputeTimeoutError(host.shown(key), terms.timeoutMs)
    const stop = stopAfter(host.clock, terms.timeoutMs, late, terms.signal)
    try {
      return await this.#soon(call, this.#settled(call, stop.signal))
    } catch (error) {
      if (terms.signal?.aborted || terms.graceMs === 0) throw error
      const kept = await host.kept(key)
      if (kept === undefined || !isWithin(kept, terms.graceMs, call)) throw error
      return kept.value()
    } finally {
      stop.done()
    }
  }

  /** The value, or after the soft timeout the old one, if there is one. */
  async #soon(call: Call, value: Promise<unknown>): Promise<unknown> {
    const { host, key, terms } = call
    if (terms.softTimeoutMs === Number.POSITIVE_INFINITY) return value
    const kept = await host.kept(key)
    if (kept === undefined || !isWithin(kept, terms.graceMs, call)) return value
    let wasLate = false
    let timer: Timer | undefined
    const late = new Promise<unknown>((resolve) => {
      const serve = () => {
        wasLate = true
        resolve(kept.value())
      }
      timer = host.clock.after(terms.softTimeoutMs, serve, 'awaited')
    })
    // Nobody waits for the new value any more: what becomes of it, no call can report.
    value.catch((error) => wasLate && host.onError(error))
    try {
      return await Promise.race([value, late])
    } finally {
      timer?.cancel()
    }
  }

  async #settled(call: Call, signal: AbortSignal): Promise<unknown> {
    const { host, key } = call
    const since = call.terms.refresh ? (await host.kept(key))?.version : undefined
    for (;;) {
      const flight = this.#join(call, since, false)
      const outcome = await flight.wait(signal).catch((error) => {
        // Out of time: what was begun is finished all the same.
        if (error instanceof ComputeTimeoutError) flight.isWanted = true
        throw error
      })
      if (outcome.kind === 'returned') return outcome.value
      if (outcome.kind === 'elsewhere') continue
      const [value] = await host.values([key])
      if (value !== undefined) return value
      // Stored and gone: it lived for less than this took, or somebody deleted it.
      if (outcome.value !== undefined) return outcome.value
    }
  }

  /** After Vattani et al. 2015, figure 3: probabilistic early expiration. */
  async #refreshEarly(call: Call): Promise<void> {
    const { host, key, terms } = call
    const kept = await host.kept(key)
    if (kept === undefined || kept.freshUntil === 0) return
    const aheadMs = kept.computeMs * terms.earlyRefresh * -Math.log(this.#random())
    if (host.clock.now() + aheadMs >= kept.freshUntil) this.#refresh(call, kept.version)
  }

  /** Computes in the background, unless somebody does. */
  #refresh(call: Call, since: number): void {
    const id = call.host.idOf(call.key)
    if (this.#flights.has(id)) return
    this.#join(call, since, true).outcome.catch((error) => call.host.onError(error))
  }

  #join(call: Call, since: number | undefined, isRefresh: boolean): Flight {
    const id = call.host.idOf(call.key)
    const running = this.#flights.get(id)
    if (running !== undefined && !running.signal.aborted) return running
    const flight = new Flight(isRefresh, (own) => this.#fly(call, since, own))
    this.#flights.set(id, flight)
    const end = () => {
      if (this.#flights.get(id) === flight) this.#flights.delete(id)
    }
    flight.outcome.then(end, end)
    return flight
  }

  /** Gets the lease, or the value that somebody else has computed meanwhile. */
  async #fly(call: Call, since: number | undefined, flight: Flight): Promise<Outcome> {
    const { host, key, terms } = call
    const { table, keeper, watch } = host.leasing
    const { leaseMs } = terms
    const leaseKey = host.leaseKey(key)
    let seen: Beat | undefined
    for (;;) {
      // Whoever begins a flight in a transaction is not in it any more.
      await undefined
      const [answer] = await table.claim([leaseKey], { leaseMs, seen })
      if (answer?.kind === 'lease') return this.#lead(call, since, flight, keeper.hold(answer))
      if (answer === undefined || !flight.isAwaited) return ELSEWHERE
      seen = await watch.wait(leaseKey, { leaseMs }, answer, flight.signal)
      if (await this.#isThere(call, since)) return STORED
    }
  }

  async #lead(
    call: Call,
    since: number | undefined,
    flight: Flight,
    held: HeldLease,
  ): Promise<Outcome> {
    const { keeper } = call.host.leasing
    try {
      if (await this.#isThere(call, since)) return STORED
      const made = await this.#compute(call, flight, held)
      if (made.terms === undefined) return { kind: 'returned', value: made.value }
      const item = { key: call.key, value: made.value, lease: held.lease, terms: made.terms }
      const [isStored] = await call.host.store([item])
      if (isStored) keeper.released(held)
      if (call.terms.errorTtlMs > 0) await call.host.keepError(call.key, undefined)
      return { kind: isStored ? 'stored' : 'returned', value: made.value }
    } finally {
      await keeper.release(held)
    }
  }

  /** The second look: whether somebody has stored the value since it was found missing. */
  async #isThere({ host, key, terms }: Call, since: number | undefined): Promise<boolean> {
    const kept = await host.kept(key)
    if (kept?.isFresh && kept.version !== since) return true
    const failure = terms.errorTtlMs > 0 ? await host.keptError(key) : undefined
    if (failure !== undefined) throw failure.error
    return false
  }

  async #compute(call: Call, flight: Flight, held: HeldLease) {
    const { host, key, terms } = call
    const kept = await host.kept(key)
    let own = terms
    let isSkipped = false
    const context: ComputeContext = {
      key: call.userKey,
      signal: AbortSignal.any([flight.signal, held.lost]),
      stale: kept?.value(),
      skip() {
        isSkipped = true
      },
      setOptions(options) {
        const { ttl = own.ttl, tags = own.tags, ...more } = options
        const { staleMs, graceMs, ttl: ttlMs } = computeTerms({ ttl, ...more }, 'setOptions()')
        own = {
          ...own,
          ttl: ttlMs,
          tags,
          staleMs: staleMs || own.staleMs,
          graceMs: graceMs || own.graceMs,
        }
      },
    }
    const start = host.clock.monotonic()
    try {
      const value = await call.fn(context as ComputeContext<never, never>)
      const computeMs = Math.round(host.clock.monotonic() - start)
      publishCompute(key, computeMs, undefined)
      const isKept = value !== undefined && !isSkipped && terms.shouldStore(value)
      return { value, terms: isKept ? this.#storeTerms(own, computeMs) : undefined }
    } catch (error) {
      publishCompute(key, host.clock.monotonic() - start, error)
      const isOwn = flight.signal.aborted || held.lost.aborted
      if (terms.errorTtlMs > 0 && !isOwn) {
        await host.keepError(key, { error, ttlMs: terms.errorTtlMs })
      }
      throw error
    }
  }

  #storeTerms(terms: ComputeTerms, computeMs: number) {
    const { ttl, tags, jitter, earlyRefresh } = terms
    const graceMs = Math.max(terms.graceMs, terms.staleMs)
    return {
      ttl,
      tags,
      ttlFactor: jitter === 0 ? 1 : 1 - jitter * this.#random(),
      graceMs,
      computeMs: graceMs > 0 || earlyRefresh > 0 ? computeMs : undefined,
    }
  }
}

/** Whether an entry expired no longer than `ms` ago, or has not expired. */
function isWithin(kept: KeptEntry, ms: number, { host }: Call): boolean {
  return kept.isFresh || host.clock.now() < kept.freshUntil + ms
}
