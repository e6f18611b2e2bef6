/**
 * Where the keys of an AsyncStore are, or would be.
 *
 * A store may drop a row at its deadline by itself. So keys with one digest cannot form a chain
 * without gaps, as they do in a synchronous store: a row of the bucket `chains`, under the first slot's
 * key, tells how many slots were ever used. There is none as long as the digest has one key, which with
 * SHA-256 is always.
 *
 *     first slot's storage key → u32 slots used │ u32 insertions into the chain so far, little-endian
 *
 * INVARIANT. Whoever inserts into a chain changes its row, and checks that it was as read. Whoever
 * inserts at slot 0 of a digest without a chain checks that there is none. Whoever begins a chain checks
 * that slot 0 is as read. So no key is inserted twice.
 */

import { equalBytes, latin1Of } from '../../bytes.js'
import { type DecodedRecord, isExpired } from '../../codec/record.js'
import { KeyError } from '../../errors/key-errors.js'
import { StoreError } from '../../errors/store-errors.js'
import type { UnreadableTagError } from '../../errors/value-errors.js'
import type { KeySpace } from '../../keys/key-space.js'
import { encodeWtf8 } from '../../keys/wtf8.js'
import type { AsyncStore, RowCheck, RowOperation } from '../../store/async-store.js'
import { found, MAX_SLOTS, type Place, placeAt, ROWS } from '../row.js'
import type { RemoteTags, TagLimit } from './remote-tags.js'

export const CHAINS = 'chains'
const CHAIN_ROW_BYTES = 8

/** The keys of one digest, as they were read. Changes while a batch is planned. */
interface Chain {
  readonly first: Uint8Array
  readonly row: Uint8Array | undefined
  /** The slots that hold a row, whatever it is. */
  readonly taken: Set<number>
  /** The record in slot 0, as it was read. */
  firstRecord: Uint8Array | undefined
  slots: number
}

/** A key with its place as it was read. */
export interface Located {
  readonly key: string
  readonly place: Place
  /** The record there, whether or not it can be read; undefined if nothing is there. */
  readonly record: Uint8Array | undefined
  readonly chain: Chain | undefined
  /** One of the entry's tags was invalidated at this version; 0 for never. */
  readonly invalidatedAt: number
  /** It may have been so later, too: the mark of a tag cannot be read. */
  readonly tagDoubt: UnreadableTagError | undefined
}

/** Before it is known what was invalidated. */
type Found = Omit<Located, 'invalidatedAt' | 'tagDoubt'>

/**
 * The record of a key that readers see: it is there, has not expired and was not invalidated. Throws
 * UnreadableRecordError or UnreadableTagError.
 */
export function liveFields(located: Located, now: number): DecodedRecord | undefined {
  const fields = presentFields(located, now)
  if (fields !== undefined && located.tagDoubt !== undefined) throw located.tagDoubt
  return fields
}

/** The same for whoever replaces or removes it: what may have been invalidated is there. */
export function presentFields(
  { place, invalidatedAt }: Located,
  now: number,
): DecodedRecord | undefined {
  const fields = found(place)?.fields
  if (fields === undefined || isExpired(fields.expiresAt, now)) return undefined
  return fields.version < invalidatedAt ? undefined : fields
}

export class RemotePlaces {
  readonly #store: AsyncStore

  readonly #tags: RemoteTags

  constructor(store: AsyncStore, tags: RemoteTags) {
    this.#store = store
    this.#tags = tags
  }

  /**
   * The places of keys, all as of one moment as far as no digests are shared. With `toReplace`, for
   * entries that are replaced whatever they are.
   */
  async locate(
    space: KeySpace,
    keys: readonly string[],
    { toReplace = false } = {},
  ): Promise<Located[]> {
    const storageKeys = keys.map((key) => space.encode(key))
    const hashed = storageKeys.filter((storageKey) => space.isHashed(storageKey))
    // Of keys that share a digest, another one may be there: that must be known.
    const isOwn = hashed.length === 0 || space.sharesNoDigests
    const isBlind = toReplace && isOwn && this.#store.getToReplace !== undefined
    const ask = isBlind ? 'getToReplace' : 'getMany'
    const chains = this.#chains(space, hashed, ask)
    // Who is in the first slot needs no chain, nor that it can be asked for.
    chains.catch(() => {})
    const records = (await this.#store[ask]?.(ROWS, storageKeys)) ?? []
    const all = await Promise.all(
      keys.map((key, at): Found | Promise<Found> => {
        const [storageKey, record] = [storageKeys[at] as Uint8Array, records[at]]
        const place = plainPlace(space, key, storageKey, record)
        if (!space.isHashed(storageKey) || isOf(place, key)) {
          return { key, place, record, chain: undefined }
        }
        const name = latin1Of(storageKey)
        return chains.then((all) => this.#inChain(space, key, all.get(name) as Chain, record))
      }),
    )
    const limits = await this.#tags.limits(
      space,
      all.map(({ place }) => place.fields),
    )
    return all.map((each, at) => {
      const { version, doubt } = limits[at] as TagLimit
      return { ...each, invalidatedAt: version, tagDoubt: doubt }
    })
  }

  /** The same for one key: a plain one without tags, as most are, takes no more than its row. */
  async locateOne(space: KeySpace, key: string, { toReplace = false } = {}): Promise<Located> {
    const storageKey = space.encode(key)
    const isBlind = toReplace && this.#store.getToReplace !== undefined
    if (space.isHashed(storageKey) || isBlind) {
      const [located] = await this.locate(space, [key], { toReplace })
      return located as Located
    }
    const record = await this.#store.get(ROWS, storageKey)
    const place = plainPlace(space, key, storageKey, record)
    const { fields } = place
    const hasTags = fields !== undefined && fields.tags.length > 0
    const [limit] = hasTags ? await this.#tags.limits(space, [fields]) : []
    const { version = 0, doubt } = limit ?? {}
    return { key, place, record, chain: undefined, invalidatedAt: version, tagDoubt: doubt }
  }

  /** Where a key is that was there. Asked for are only those that may share a digest. */
  async storageKey(space: KeySpace, key: string): Promise<Uint8Array> {
    const first = space.encode(key)
    if (!space.isHashed(first)) return first
    const chains = await this.#chains(space, [first])
    const { slots = 1 } = chains.get(latin1Of(first)) ?? {}
    return slots === 1 ? first : (await this.locateOne(space, key)).place.storageKey
  }

  /** The chains of the hashed keys, by name. */
  async #chains(
    space: KeySpace,
    firsts: readonly Uint8Array[],
    ask: 'getMany' | 'getToReplace' = 'getMany',
  ): Promise<Map<string, Chain>> {
    const isKept = this.#keepsChains(space) && firsts.length > 0
    const rows = (isKept && (await this.#store[ask]?.(CHAINS, firsts))) || []
    return new Map(
      firsts.map((first, at) => {
        const row = rows[at]
        const slots = row === undefined ? 1 : slotsOf(row)
        const chain = { first, row, taken: new Set<number>(), firstRecord: undefined, slots }
        return [latin1Of(first), chain]
      }),
    )
  }

  async #inChain(
    space: KeySpace,
    key: string,
    chain: Chain,
    first: Uint8Array | undefined,
  ): Promise<Found> {
    const slotKeys = Array.from({ length: chain.slots }, (_, slot) =>
      space.withSlot(chain.first, slot),
    )
    const records = chain.slots === 1 ? [first] : await this.#store.getMany(ROWS, slotKeys)
    chain.firstRecord = records[0]
    let doubt: Place['doubt']
    let located: Found | undefined
    records.forEach((record, slot) => {
      if (record === undefined) return
      chain.taken.add(slot)
      const place = placeAt(space, key, slotKeys[slot] as Uint8Array, record)
      if (place.damage !== undefined) {
        if (space.hasUniqueDigests) located ??= { key, place, record, chain }
        doubt ??= place.damage
      } else if (isOf(place, key)) {
        located ??= { key, place, record, chain }
      }
    })
    const nowhere = { storageKey: chain.first, fields: undefined, doubt }
    return located ?? { key, place: nowhere, record: undefined, chain }
  }

  /** The storage key for a key that is not there yet, with what must be checked and written beside it. */
  insertion(
    space: KeySpace,
    { key, place, chain }: Located,
  ): { storageKey: Uint8Array; checks: RowCheck[]; operations: RowOperation[] } {
    const { storageKey } = place
    if (chain === undefined) return { storageKey, checks: [absent(storageKey)], operations: [] }
    let slot = 0
    while (chain.taken.has(slot)) slot++
    if (slot > 0 && !this.#keepsChains(space)) throw new KeyError(space.shown(key), APART)
    chain.taken.add(slot)
    chain.slots = Math.max(chain.slots, slot + 1)
    const slotKey = space.withSlot(chain.first, slot)
    const checks = [absent(slotKey)]
    if (!this.#keepsChains(space)) return { storageKey: slotKey, checks, operations: [] }
    checks.push({ bucket: CHAINS, key: chain.first, starts: chain.row })
    if (chain.row === undefined && slot > 0) {
      checks.push({ bucket: ROWS, key: chain.first, starts: chain.firstRecord })
    }
    const isAlone = chain.row === undefined && chain.slots === 1
    const record = nextChainRow(chain.row, chain.slots)
    const operations: RowOperation[] = isAlone
      ? []
      : [{ kind: 'put', bucket: CHAINS, key: chain.first, record, deadline: 0 }]
    return { storageKey: slotKey, checks, operations }
  }

  /** Where keys live apart, a chain cannot be kept; where no two share a digest, there is none. */
  #keepsChains(space: KeySpace): boolean {
    return this.#store.atomicity === 'batch' && !space.hasUniqueDigests
  }
}

const APART =
  'Two keys have one digest, and this store cannot keep them apart, as its keys live in different places: raise digestBytes, in a new dict.'

function plainPlace(
  space: KeySpace,
  key: string,
  storageKey: Uint8Array,
  record: Uint8Array | undefined,
): Place {
  return record === undefined
    ? { storageKey, fields: undefined }
    : placeAt(space, key, storageKey, record)
}

/** Whether the record of a hashed key is that key's. */
function isOf({ fields }: Place, key: string): boolean {
  return fields?.key !== undefined && equalBytes(fields.key, encodeWtf8(key))
}

function absent(key: Uint8Array): RowCheck {
  return { bucket: ROWS, key, starts: undefined }
}

function slotsOf(row: Uint8Array): number {
  const slots = chainSlots(row)
  if (slots !== undefined) return slots
  throw new StoreError('A list of keys with one digest in the store is damaged.')
}

/** The slots that a row of the bucket `chains` says were used; undefined if it is damaged. */
export function chainSlots(row: Uint8Array): number | undefined {
  const slots = row.length === CHAIN_ROW_BYTES ? viewOf(row).getUint32(0, true) : 0
  return slots >= 1 && slots <= MAX_SLOTS ? slots : undefined
}

/** A row in the place of another, whole or not, that differs from it. */
export function nextChainRow(row: Uint8Array | undefined, slots: number): Uint8Array {
  const insertions = row?.length === CHAIN_ROW_BYTES ? viewOf(row).getUint32(4, true) : 0
  const next = new Uint8Array(CHAIN_ROW_BYTES)
  viewOf(next).setUint32(0, slots, true)
  viewOf(next).setUint32(4, (insertions + 1) % 2 ** 32, true)
  return next
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
