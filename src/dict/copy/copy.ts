/**
 * Copying a dict into another: between any two stores, settings and kinds of dict.
 *
 * Entries go over in insertion order, in batches. Each batch is read again from where it went before
 * the next begins. What is there already and equal is left alone: so a copy that was interrupted goes
 * on where it stopped when it is begun again.
 */
import { nextTurn, systemClock } from '../../clock.js'
import type { Awaitable } from '../../engine/leases/lease-table.js'
import { kindOf } from '../../errors/checked-argument.js'
import { CopyError } from '../../errors/copy-error.js'
import { OptionError } from '../../errors/option-error.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import { restorerOf } from '../restore.js'
import { shownNames } from '../shown-names.js'
import { type CopiedEntry, isSameEntry } from './same-entry.js'

/** What can be copied from: a PersistDict or an AsyncPersistDict. */
export interface CopySource {
  /** The names from the root down; empty for the root. */
  readonly path: readonly string[]
  keys(range: { readonly order: 'insertion' }): Iterable<unknown> | AsyncIterable<unknown>
  getEntry(key: never): Awaitable<CopiedEntry | undefined>
  namespaces(): Iterable<readonly string[]> | AsyncIterable<readonly string[]>
  namespace(name: string): CopySource
}

/** What can be copied to: a PersistDict or an AsyncPersistDict. */
export interface CopyTarget {
  getEntry(key: never): Awaitable<CopiedEntry | undefined>
  flush(): Promise<void>
  namespace(name: string): CopyTarget
}

/** What a copy has done so far. */
export interface CopyProgress {
  /** Entries written. */
  readonly copied: number
  /** Entries that were there already, equal. */
  readonly skipped: number
  /** The namespace at work, its names from that of the copied dict down. */
  readonly namespace: readonly string[]
}

/** Options of copy(). */
export interface CopyOptions {
  /** Copy the namespaces within the dict, too. @default true */
  readonly namespaces?: boolean | undefined
  /** Read each batch again from where it went, and compare. @default true */
  readonly verify?: boolean | undefined
  /** Entries read, written and compared at a time. @default 256 */
  readonly batchSize?: number | undefined
  /** Called after each batch. What it throws ends the copy. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined
  /** Ends the copy between two batches, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** What a copy has done. */
export interface CopyReport {
  /** Entries written. */
  readonly copied: number
  /** Entries that were there already, equal. */
  readonly skipped: number
  /** Namespaces that were copied, the dict itself included. */
  readonly namespaces: number
}

const NAMES = ['namespaces', 'verify', 'batchSize', 'onProgress', 'signal'] as const
const DEFAULT_BATCH_SIZE = 256

type Pair = readonly [key: unknown, entry: CopiedEntry]

/**
 * Copies all entries of a dict, and of the namespaces within it, into another: values, deadlines, tags,
 * `createdAt`, `updatedAt`, insertion order, and `accessedAt` where both dicts have `maxIdle`. Versions
 * begin anew. Entries of the target that the source does not have stay. The keys of one namespace are
 * in memory meanwhile, and its values are not.
 *
 * Rejects with CopyError if an entry does not come back as it was written, and with what the two dicts
 * throw. What was copied until then stays: begin again, and it goes on.
 */
export async function copy(
  from: CopySource,
  to: CopyTarget,
  options: CopyOptions = {},
): Promise<CopyReport> {
  refuseUnknown(options, NAMES, 'copy()')
  for (const [name, dict] of Object.entries({ from, to })) {
    if (typeof dict?.getEntry === 'function') continue
    throw new OptionError(
      name,
      `copy() copies from one dict to another, and "${name}" was ${kindOf(dict)}.`,
    )
  }
  const { batchSize = DEFAULT_BATCH_SIZE } = options
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new OptionError('batchSize', 'batchSize must be a whole number above 0.')
  }
  const copying = new Copying(options, batchSize)
  await copying.dict(from, to, [])
  let namespaces = 1
  if (options.namespaces ?? true) {
    for (const path of await pathsWithin(from)) {
      await copying.dict(within(from, path), within(to, path), path)
      namespaces++
    }
  }
  return { copied: copying.copied, skipped: copying.skipped, namespaces }
}

class Copying {
  copied = 0
  skipped = 0
  readonly #options: CopyOptions
  readonly #batchSize: number

  constructor(options: CopyOptions, batchSize: number) {
    this.#options = options
    this.#batchSize = batchSize
  }

  /** Copies the entries of one namespace. */
  async dict(from: CopySource, to: CopyTarget, path: readonly string[]): Promise<void> {
    let keys: unknown[] = []
    for await (const key of from.keys({ order: 'insertion' })) {
      keys.push(key)
      if (keys.length < this.#batchSize) continue
      await this.#batch(from, to, await pairsOf(from, keys), path)
      keys = []
    }
    await this.#batch(from, to, await pairsOf(from, keys), path)
  }

  async #batch(
    from: CopySource,
    to: CopyTarget,
    batch: readonly Pair[],
    path: readonly string[],
  ): Promise<void> {
    // Between two stores that answer at once, nothing else would let others have their turn.
    await nextTurn()
    this.#options.signal?.throwIfAborted()
    const missing = await missingOf(to, batch)
    await write(to, missing)
    await to.flush()
    if (this.#options.verify ?? true) {
      const lost = (await missingOf(to, missing)).find(([, entry]) => !isExpired(entry))
      if (lost !== undefined) throw copyError([from, to], lost[0], path)
    }
    restoreAccess(to, batch)
    this.copied += missing.length
    this.skipped += batch.length - missing.length
    const { copied, skipped } = this
    this.#options.onProgress?.({ copied, skipped, namespace: path })
  }
}

/** Names nothing that one of the dicts hides. */
function copyError(dicts: readonly object[], key: unknown, path: readonly string[]): CopyError {
  const hiding = dicts.map(shownNames).find((names) => names?.isHiding)
  return hiding === undefined
    ? new CopyError(key, path)
    : new CopyError(hiding.key(key), path.length === 0 ? [] : hiding.path)
}

/** The entries of keys, but those that are gone or have expired meanwhile. */
async function pairsOf(from: CopySource, keys: readonly unknown[]): Promise<Pair[]> {
  // All at once: each may be a round trip. The keys came from this dict.
  const entries = await Promise.all(keys.map((key) => from.getEntry(key as never)))
  return keys.flatMap((key, at): Pair[] => {
    const entry = entries[at]
    return entry === undefined ? [] : [[key, entry]]
  })
}

/** Those that the target does not hold, or holds otherwise. */
async function missingOf(to: CopyTarget, pairs: readonly Pair[]): Promise<Pair[]> {
  const found = await Promise.all(pairs.map((pair) => isThere(to, pair)))
  return pairs.filter((_, at) => !found[at])
}

async function isThere(to: CopyTarget, [key, entry]: Pair): Promise<boolean> {
  // The target takes the keys of the source, or refuses them when they are set.
  const found = await to.getEntry(key as never)
  return found !== undefined && isSameEntry(found, entry)
}

async function write(to: CopyTarget, pairs: readonly Pair[]): Promise<void> {
  const entries = pairs.map(([key, { value, expiresAt, tags, createdAt, updatedAt }]) => ({
    key,
    value,
    // Infinity, and not undefined: the default ttl of the target must not apply.
    expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
    tags,
    times: { createdAt, updatedAt },
  }))
  if (entries.length > 0) await restorerOf(to).write(entries)
}

/** An entry that was written just now was not read now. */
function restoreAccess(to: CopyTarget, batch: readonly Pair[]): void {
  for (const [key, { accessedAt }] of batch) {
    if (accessedAt !== undefined) restorerOf(to).wasRead(key, accessedAt)
  }
}

function isExpired({ expiresAt }: CopiedEntry): boolean {
  return expiresAt !== undefined && expiresAt <= systemClock.now()
}

/** The namespaces within a dict, their names from it down. */
export async function pathsWithin(
  from: Pick<CopySource, 'path' | 'namespaces'>,
): Promise<(readonly string[])[]> {
  const depth = from.path.length
  const found: (readonly string[])[] = []
  for await (const path of from.namespaces()) {
    const isWithin = path.length > depth && from.path.every((name, at) => name === path[at])
    if (isWithin) found.push(path.slice(depth))
  }
  return found
}

/** A namespace within a dict, by the names from it down. */
export function within<T extends { namespace(name: string): T }>(
  dict: T,
  path: readonly string[],
): T {
  return path.reduce((inner, name) => inner.namespace(name), dict)
}
