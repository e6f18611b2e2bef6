/**
 * Functions of many items whose values are kept, item by item.
 *
 * Each item has a lease of its own, so that no two callers anywhere compute the same one. Leases are
 * taken for one batch at a time, and nobody waits for a lease while holding another: there is no order
 * in which callers could block each other.
 */
import type { ComputeHost, StoreTerms } from '../engine/compute/compute-host.js'
import type {
  ManyContext,
  MemoizedMany,
  MemoizeManyOptions,
  MemoizeTarget,
} from '../engine/compute/memoize-options.js'
import type { HeldLease } from '../engine/leases/lease-keeper.js'
import type { Beat, Blocked } from '../engine/leases/lease-rules.js'
import type { Awaitable } from '../engine/leases/lease-table.js'
import { checkedList, checkFunction } from '../errors/checked-argument.js'
import { ResultCountError } from '../errors/compute-errors.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import { type ComputeTerms, computeTerms } from './compute-terms.js'
import { KEY_OPTIONS, MemoizeKeys } from './memoize.js'

/** Small enough that little is lost with a failure, large enough to be worth a request. */
const DEFAULT_BATCH_SIZE = 100

type ManyFunction<T, R> = (
  items: T[],
  context: ManyContext,
) => readonly R[] | PromiseLike<readonly R[]>

export function memoizeMany<T, R>(
  target: (name: string) => MemoizeTarget,
  fn: ManyFunction<T, R>,
  options: MemoizeManyOptions<T, R>,
  random: () => number = Math.random,
): MemoizedMany<T, R> {
  checkFunction(fn, 'memoizeMany()')
  const own = [...KEY_OPTIONS, 'batchSize', 'ttl', 'tags', 'jitter', 'shouldStore', 'lease']
  refuseUnknown(options, own, 'memoizeMany()')
  const { key: makeKey, batchSize = DEFAULT_BATCH_SIZE, ttl, tags, jitter, lease } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new OptionError(
      'batchSize',
      `batchSize must be an integer from 1 on, and was ${batchSize}.`,
    )
  }
  const { shouldStore } = options
  const terms = computeTerms({ ttl, tags, jitter, lease, shouldStore }, 'memoizeMany()')
  const keys = new MemoizeKeys(fn, options)
  const dict = target(keys.name)
  const counts = { hits: 0, misses: 0, calls: 0, errors: 0 }
  const argsOf = (item: T) => [makeKey === undefined ? item : makeKey(item)]
  const keyOf = (item: T) => keys.key(argsOf(item))
  const listOf = (items: Iterable<T>) => checkedList(items, `The function "${keys.name}"`, 'items')
  const counted: ManyFunction<T, R> = (items, context) => {
    counts.calls++
    return fn(items, context)
  }
  const job = { host: dict.host, name: keys.name, fn: counted, terms, batchSize, random }

  const call = async (
    items: Iterable<T>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ) => {
    signal?.throwIfAborted()
    const list = listOf(items)
    const names = list.map(keyOf)
    const found = await dict.getMany(names)
    const missing = new Map<string, T>()
    for (const [index, name] of names.entries()) {
      if (found[index] === undefined) missing.set(name, list[index] as T)
    }
    counts.misses += missing.size
    counts.hits += list.length - missing.size
    try {
      const made = await new ManyCall<T, R>(job, missing, signal).run()
      return names.map((name, index) => {
        const value = found[index]
        return value === undefined ? made.get(name) : value
      }) as R[]
    } catch (error) {
      counts.errors++
      throw error
    }
  }
  return Object.assign(call, {
    invalidate: (items: Iterable<T>) => dict.deleteMany(listOf(items).map(keyOf)),
    peek: (items: Iterable<T>) =>
      dict.getMany(listOf(items).map(keyOf)) as Awaitable<(R | undefined)[]>,
    invalidateTag: (...tags: string[]) => dict.invalidateTag(...tags),
    clear: () => dict.clear(),
    explain: (item: T) => keys.explain(argsOf(item)),
    stats: () => ({ ...counts }),
  })
}

interface Job<T, R> {
  readonly host: ComputeHost
  readonly name: string
  readonly fn: ManyFunction<T, R>
  readonly terms: ComputeTerms
  readonly batchSize: number
  readonly random: () => number
}

interface Granted {
  readonly key: string
  readonly held: HeldLease
}

/** One call: gets the values of some keys, by computing them or by waiting for those who do. */
class ManyCall<T, R> {
  readonly #job: Job<T, R>
  readonly #items: ReadonlyMap<string, T>
  readonly #signal: AbortSignal
  readonly #values = new Map<string, R>()
  #seen: Beat | undefined

  constructor(job: Job<T, R>, items: ReadonlyMap<string, T>, signal: AbortSignal | undefined) {
    this.#job = job
    this.#items = items
    this.#signal = signal ?? new AbortController().signal
  }

  async run(): Promise<ReadonlyMap<string, R>> {
    let left = [...this.#items.keys()]
    while (left.length > 0) {
      const blocked = await this.#computeFree(left)
      const [first] = blocked
      if (first === undefined) break
      await this.#waitFor(...first)
      left = await this.#missingOf(blocked.map(([key]) => key))
    }
    return this.#values
  }

  /** Computes those of the keys that nobody else computes, and returns the others. */
  async #computeFree(keys: readonly string[]): Promise<[string, Blocked][]> {
    const { batchSize } = this.#job
    const blocked: [string, Blocked][] = []
    const queue = [...keys]
    while (queue.length > 0) {
      const granted: Granted[] = []
      try {
        while (granted.length < batchSize && queue.length > 0) {
          this.#signal.throwIfAborted()
          const part = queue.splice(0, batchSize - granted.length)
          blocked.push(...(await this.#claim(part, granted)))
        }
        await this.#compute(granted)
      } finally {
        await this.#job.host.leasing.keeper.releaseEach(granted.map(({ held }) => held))
      }
    }
    return blocked
  }

  async #claim(keys: readonly string[], granted: Granted[]): Promise<[string, Blocked][]> {
    const { host, terms } = this.#job
    const { table, keeper } = host.leasing
    const leaseKeys = keys.map((key) => host.leaseKey(key))
    const answers = await table.claim(leaseKeys, { leaseMs: terms.leaseMs, seen: this.#seen })
    const blocked: [string, Blocked][] = []
    for (const [index, answer] of answers.entries()) {
      const key = keys[index] as string
      if (answer.kind === 'blocked') blocked.push([key, answer])
      else granted.push({ key, held: keeper.hold(answer) })
    }
    return blocked
  }

  async #compute(granted: readonly Granted[]): Promise<void> {
    // The second look: somebody may have stored a value since it was found missing.
    const missing = new Set(await this.#missingOf(granted.map(({ key }) => key)))
    const wanted = granted.filter(({ key }) => missing.has(key))
    if (wanted.length === 0) return
    const { name, fn } = this.#job
    const items = wanted.map(({ key }) => this.#items.get(key) as T)
    const signal = AbortSignal.any([this.#signal, ...wanted.map(({ held }) => held.lost)])
    const results = await fn(items, { signal })
    if (results.length !== items.length) {
      throw new ResultCountError(name, items.length, results.length)
    }
    const made = wanted.map(({ key, held }, index) => ({ key, held, value: results[index] as R }))
    for (const { key, value } of made) this.#values.set(key, value)
    await this.#store(made)
    // Others get what is stored; so does this caller.
    await this.#missingOf(made.map(({ key }) => key))
  }

  async #store(made: readonly (Granted & { readonly value: R })[]): Promise<void> {
    const { host, terms } = this.#job
    const kept = made.filter(({ value }) => value !== undefined && terms.shouldStore(value))
    const stored = await host.store(
      kept.map(({ key, held, value }) => {
        return { key, value, lease: held.lease, terms: this.#storeTerms() }
      }),
    )
    kept.forEach(({ held }, index) => {
      if (stored[index]) host.leasing.keeper.released(held)
    })
  }

  /** Waits until somebody else's computation may be over. */
  async #waitFor(key: string, blocked: Blocked): Promise<void> {
    const { host, terms } = this.#job
    const { watch } = host.leasing
    const { leaseMs } = terms
    this.#seen = await watch.wait(host.leaseKey(key), { leaseMs }, blocked, this.#signal)
  }

  /** Takes the values that are there, as readers get them; returns the keys of the others. */
  async #missingOf(keys: readonly string[]): Promise<string[]> {
    const values = await this.#job.host.values(keys)
    return keys.filter((key, index) => {
      if (values[index] === undefined) return true
      this.#values.set(key, values[index] as R)
      return false
    })
  }

  #storeTerms(): StoreTerms {
    const { ttl, tags, jitter } = this.#job.terms
    const ttlFactor = jitter === 0 ? 1 : 1 - jitter * this.#job.random()
    return { ttl, tags, ttlFactor, graceMs: 0, computeMs: undefined }
  }
}
