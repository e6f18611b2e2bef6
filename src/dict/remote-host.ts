/** A namespace of a dict over an asynchronous store, as those see it who compute its values once. */
import type { Clock } from '../clock.js'
import type { ComputedItem, ComputeHost, KeptEntry } from '../engine/compute/compute-host.js'
import { leaseKey } from '../engine/leases/lease-key.js'
import type { Leasing } from '../engine/leases/leasing.js'
import { LockLostError } from '../errors/lock-errors.js'
import type { AsyncScope } from './async-scope.js'
import { computedWrite, ERRORS, errorWrite } from './computed-write.js'

export class RemoteHost implements ComputeHost {
  readonly leasing: Leasing
  readonly clock: Clock
  readonly #scope: AsyncScope
  #errors: AsyncScope | undefined

  constructor(scope: AsyncScope) {
    this.leasing = scope.leasing
    this.clock = scope.engine.clock
    this.#scope = scope
  }

  idOf(key: string): string {
    return this.#scope.space.idOf(key)
  }

  shown(key: string): string {
    return this.#scope.space.shown(key)
  }

  leaseKey(key: string): Uint8Array {
    return leaseKey('compute', this.#scope.space.encode(key))
  }

  async values(keys: readonly string[]): Promise<unknown[]> {
    const { engine, space, mode } = this.#scope
    this.#scope.assertOpen()
    const [key] = keys
    if (keys.length === 1 && key !== undefined) return [await engine.value(space, key, mode)]
    return engine.values(space, keys, mode)
  }

  async kept(key: string): Promise<KeptEntry | undefined> {
    const { engine, space, mode } = this.#scope
    this.#scope.assertOpen()
    const entry = await engine.kept(space, key)
    if (entry === undefined) return undefined
    return {
      version: entry.version,
      isFresh: !entry.isExpiredAt(this.clock.now()),
      freshUntil: entry.grace?.freshUntil ?? entry.expiresAt,
      computeMs: entry.grace?.computeMs ?? 0,
      value: () => entry.value(mode),
    }
  }

  /**
   * A lease and an entry have different keys, which a store may not be able to change together. So the
   * lease is looked at just before, and given back just after.
   */
  store(items: readonly ComputedItem[]): Promise<boolean[]> {
    const { engine, space } = this.#scope
    const writes = items.map(({ key, value, terms }) => {
      const { ttl, tags } = terms
      const write = this.#scope.setOver(key, undefined, value, { ttl, tags })
      return { write: computedWrite(write, terms, this.clock.now()), keepsDeadline: false }
    })
    return Promise.all(
      items.map(async ({ lease }, index) => {
        if (!(await this.#isHeld(lease))) return false
        await engine.write(space, writes.slice(index, index + 1))
        await this.leasing.table.release([lease])
        return true
      }),
    )
  }

  async keptError(key: string): Promise<{ readonly error: unknown } | undefined> {
    const { engine, space } = this.#errorScope
    const error = await engine.value(space, key, 'copy')
    return error === undefined ? undefined : { error }
  }

  async keepError(
    key: string,
    failure: { readonly error: unknown; ttlMs: number } | undefined,
  ): Promise<void> {
    const { engine, space } = this.#errorScope
    if (failure === undefined) {
      await engine.delete(space, [key])
      return
    }
    const ttl = failure.ttlMs
    const write = errorWrite(failure.error, (error) =>
      this.#errorScope.setOver(key, undefined, error, { ttl }),
    )
    await engine.write(space, [{ write, keepsDeadline: false }])
  }

  onError(error: unknown): void {
    this.#scope.events.errors.tell(error)
  }

  async #isHeld(lease: ComputedItem['lease']): Promise<boolean> {
    try {
      await this.leasing.table.assertHeld(lease)
      return true
    } catch (error) {
      if (error instanceof LockLostError) return false
      throw error
    }
  }

  get #errorScope(): AsyncScope {
    this.#errors ??= this.#scope.hidden(ERRORS)
    return this.#errors
  }
}
