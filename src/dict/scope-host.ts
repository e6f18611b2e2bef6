/** A namespace of a synchronous dict, as those see it who compute its values once. */

import type { Clock } from '../clock.js'
import type {
  ComputedItem,
  ComputeHost,
  KeptEntry,
  StoreTerms,
} from '../engine/compute/compute-host.js'
import { leaseKey } from '../engine/leases/lease-key.js'
import type { Leasing } from '../engine/leases/leasing.js'
import type { SyncLeases } from '../engine/leases/sync-leases.js'
import type { SetWrite } from '../engine/write.js'
import { computedWrite, ERRORS, errorWrite } from './computed-write.js'
import type { Scope } from './scope.js'

export class ScopeHost implements ComputeHost {
  readonly leasing: Leasing<SyncLeases>
  readonly clock: Clock
  readonly #scope: Scope
  #errors: Scope | undefined

  constructor(scope: Scope) {
    this.#scope = scope
    this.leasing = scope.leasing
    this.clock = scope.engine.clock
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

  values(keys: readonly string[]): unknown[] {
    const { engine, space, mode } = this.#scope
    return this.#scope.together(keys, (key) => engine.value(space, key, mode))
  }

  kept(key: string): KeptEntry | undefined {
    const { engine, space, mode } = this.#scope
    this.#scope.assertOpen()
    const entry = engine.kept(space, key)
    if (entry === undefined) return undefined
    return {
      version: entry.version,
      isFresh: !entry.isExpiredAt(engine.now()),
      freshUntil: entry.grace?.freshUntil ?? entry.expiresAt,
      computeMs: entry.grace?.computeMs ?? 0,
      value: () => entry.value(mode),
    }
  }

  store(items: readonly ComputedItem[]): boolean[] {
    const { engine } = this.#scope
    // Encoded before the transaction: what cannot be stored must not hold up the others.
    const writes = items.map(({ key, value, terms }) => this.#write(key, value, terms))
    return engine.transaction(({ tx }) =>
      items.map(({ lease }, index) => {
        if (!this.leasing.table.releaseIn(tx, lease)) return false
        engine.write([writes[index] as SetWrite])
        return true
      }),
    )
  }

  keptError(key: string): { readonly error: unknown } | undefined {
    const { engine, space } = this.#errorScope
    const error = engine.value(space, key, 'copy')
    return error === undefined ? undefined : { error }
  }

  keepError(key: string, failure: { readonly error: unknown; ttlMs: number } | undefined): void {
    const scope = this.#errorScope
    if (failure === undefined) {
      scope.engine.delete(scope.space, key)
      return
    }
    const ttl = failure.ttlMs
    const write = errorWrite(failure.error, (error) => scope.setWrite(key, error, { ttl }))
    scope.engine.write([write])
  }

  onError(error: unknown): void {
    this.#scope.onError(error)
  }

  #write(key: string, value: unknown, terms: StoreTerms): SetWrite {
    const { ttl, tags } = terms
    return computedWrite(this.#scope.setWrite(key, value, { ttl, tags }), terms, this.clock.now())
  }

  get #errorScope(): Scope {
    this.#errors ??= this.#scope.hidden(ERRORS)
    return this.#errors
  }
}
