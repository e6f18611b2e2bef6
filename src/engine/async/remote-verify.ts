/**
 * Verifying an AsyncStore while others use it: all rows are looked at in steps. What looks wrong is looked
 * at again, and put right only if it is still the same.
 */
import { equalBytes, latin1Of } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import type { DecodedRecord } from '../../codec/record.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import { type KeySpace, namespacePath, namespacePrefix } from '../../keys/key-space.js'
import type { AsyncStore, RowOperation } from '../../store/async-store.js'
import type { StoreRow } from '../../store/sync-store.js'
import { Entry } from '../entry.js'
import { fieldsOfRow, keyOfRow, ROWS } from '../row.js'
import { isReadable, TAGS } from '../tags.js'
import {
  DETAILED_FINDINGS,
  type Finding,
  type FindingKind,
  type VerifyReport,
} from '../upkeep/finding.js'
import { assertPlace, reasonOf } from '../upkeep/inspection.js'
import { UNREADABLE_MARK } from '../upkeep/side-rows.js'
import type { VerifyOptions } from '../upkeep/verify.js'
import { NAMESPACES, namespaceRow, pathIn, type RemoteNamespaces } from './remote-namespaces.js'
import { CHAINS, chainSlots, nextChainRow } from './remote-places.js'
import type { RemoteQuarantine } from './remote-quarantine.js'

/** Rows of a step. A step also ends after about SCAN_STEP_BYTES. */
const STEP_ROWS = 128

export interface RemoteVerifyParts {
  readonly store: AsyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly namespaces: RemoteNamespaces
  readonly quarantine: RemoteQuarantine
}

/** Something that looks wrong, as it was found. */
interface Suspicion {
  readonly kind: FindingKind
  readonly space: KeySpace | undefined
  readonly key: string | undefined
  readonly what: string
  /** Puts it right; false if it is no more what it was. Undefined if that cannot be done. */
  readonly repair?: () => Promise<boolean>
}

/** What a row turned out to be. */
interface Sound {
  readonly key: string
  readonly fields: DecodedRecord
}

/** See verify(). Rejects with the signal's reason. */
export function verifyRemote(
  parts: RemoteVerifyParts,
  options: VerifyOptions,
): Promise<VerifyReport> {
  return new RemoteVerification(parts, options).run()
}

class RemoteVerification {
  readonly #parts: RemoteVerifyParts
  readonly #options: VerifyOptions
  readonly #details: Finding[] = []
  readonly #unlisted = new Set<string>()
  readonly #inhabited = new Set<string>()
  #entries = 0
  #findings = 0
  #repaired = 0

  constructor(parts: RemoteVerifyParts, options: VerifyOptions) {
    this.#parts = parts
    this.#options = options
  }

  async run(): Promise<VerifyReport> {
    const { clock } = this.#parts
    const startedAt = clock.monotonic()
    await this.#each(NAMESPACES, (row) => this.#namespace(row))
    await this.#each(CHAINS, (row) => this.#chain(row))
    await this.#each(ROWS, (row) => this.#row(row))
    await this.#each(TAGS, (row) => this.#tag(row))
    return {
      entries: this.#entries,
      namespaces: this.#inhabited.size,
      findings: this.#findings,
      details: this.#details,
      repaired: this.#repaired,
      staleHints: 0,
      durationMs: clock.monotonic() - startedAt,
    }
  }

  async #each(bucket: string, look: (row: StoreRow) => Promise<void>): Promise<void> {
    for (let after: Uint8Array | undefined; ; ) {
      this.#options.signal?.throwIfAborted()
      const range = after === undefined ? {} : { after }
      const rows = await this.#parts.store.scan(bucket, range, STEP_ROWS)
      if (rows.length === 0) return
      for (const row of rows) await look(row)
      if (bucket === ROWS) {
        await this.#deadlines(rows)
        this.#options.onProgress?.(this.#entries)
      }
      after = rows.at(-1)?.key
    }
  }

  async #namespace({ key: prefix, record }: StoreRow): Promise<void> {
    try {
      if (equalBytes(this.#parts.namespaces.space(pathIn(record)).prefix, prefix)) return
    } catch {
      // Below, as one that is listed with other names.
    }
    await this.#unlistedNamespace(prefix, 'The row that lists it is damaged.', record)
  }

  async #unlistedNamespace(
    prefix: Uint8Array,
    what: string,
    before: Uint8Array | undefined,
  ): Promise<void> {
    const path = namespacePath(prefix)
    const space = path && this.#parts.namespaces.space(path)
    const record = path && namespaceRow(path)
    const repair = record && (() => this.#replace(NAMESPACES, prefix, before, record))
    await this.#found({ kind: 'namespace', space, key: undefined, what, ...(repair && { repair }) })
  }

  /** The list of the slots of a digest: without it, keys are not found. */
  async #chain({ key: first, record }: StoreRow): Promise<void> {
    if (chainSlots(record) !== undefined) return
    const space = await this.#spaceOf(first)
    if (space === undefined) return
    const what = 'The list of the keys that share its digest is damaged.'
    const repair = () => this.#repairChain(space, first, record)
    await this.#found({ kind: 'chain', space, key: space.shownRow(first), what, repair })
  }

  async #row(row: StoreRow): Promise<void> {
    this.#entries++
    const { key: storageKey, record } = row
    const space = await this.#spaceOf(storageKey)
    if (space === undefined) return
    this.#inhabited.add(latin1Of(space.prefix))
    let sound: Sound
    try {
      sound = soundRow(space, row)
    } catch (error) {
      const key = space.shownRow(storageKey)
      const repair = () => this.#parts.quarantine.take(storageKey, record)
      await this.#found({ kind: 'record', space, key, what: reasonOf(error), repair }, row)
      return
    }
    const key = space.shown(sound.key)
    try {
      Entry.copied(sound.key, sound.fields, this.#parts.codec).value('copy')
    } catch (error) {
      // The bytes are what was written: perhaps a class is not registered here. Nothing to repair.
      await this.#found({ kind: 'value', space, key, what: reasonOf(error) }, row)
    }
    if (space.isHashed(storageKey) && space.slotOf(storageKey) > 0) {
      await this.#slot(space, storageKey, key)
    }
  }

  /** A key in a slot that the list of its chain does not reach is not found. */
  async #slot(space: KeySpace, storageKey: Uint8Array, key: string): Promise<void> {
    const first = space.withSlot(storageKey, 0)
    const row = await this.#parts.store.get(CHAINS, first)
    const slots = row === undefined ? 1 : chainSlots(row)
    if (slots === undefined || slots > space.slotOf(storageKey)) return
    const what = 'The list of the keys that share its digest leaves it out: it is not found.'
    const repair = () => this.#repairChain(space, first, row)
    await this.#found({ kind: 'chain', space, key, what, repair })
  }

  async #deadlines(rows: readonly StoreRow[]): Promise<void> {
    const { store, namespaces } = this.#parts
    if (store.knows === undefined) return
    const expiring = rows.flatMap((row) => {
      const space = namespaces.known(row.key)
      try {
        const sound = space && soundRow(space, row)
        return sound === undefined || sound.fields.dueAt === 0 ? [] : [{ row, sound, space }]
      } catch {
        return []
      }
    })
    const hints = expiring.map(({ row, sound }) => ({ key: row.key, deadline: sound.fields.dueAt }))
    const known = await store.knows(ROWS, hints)
    for (const [at, { row, sound, space }] of expiring.entries()) {
      if (known[at]) continue
      const { key: storageKey, record } = row
      const { dueAt } = sound.fields
      const what = 'No row of the deadline index leads to it: no sweep would remove it.'
      const repair = () => this.#replace(ROWS, storageKey, record, record, dueAt)
      const key = space?.shown(sound.key)
      await this.#found({ kind: 'deadline', space, key, what, repair }, row)
    }
  }

  async #tag({ key: tag, record }: StoreRow): Promise<void> {
    if (isReadable({ key: tag, record })) return
    const space = await this.#spaceOf(tag)
    const repair = () => this.#parts.quarantine.take(tag, record, TAGS)
    const key = space?.shownRow(tag)
    await this.#found({ kind: 'tag', space, key, what: UNREADABLE_MARK, repair })
  }

  /** The namespace of a row. One that is not listed is a finding, once. */
  async #spaceOf(storageKey: Uint8Array): Promise<KeySpace | undefined> {
    const { namespaces, store } = this.#parts
    const prefix = namespacePrefix(storageKey)
    const id = latin1Of(prefix)
    const space = await this.#listedAt(prefix)
    const isListed = space !== undefined && (await this.#isListed(space, id))
    if (isListed || this.#unlisted.has(id)) return space ?? this.#named(prefix)
    this.#unlisted.add(id)
    const what = 'There are rows of a namespace that is not listed.'
    await this.#unlistedNamespace(prefix, what, await store.get(NAMESPACES, prefix))
    return space ?? this.#named(prefix) ?? namespaces.known(storageKey)
  }

  readonly #seen = new Set<string>()

  async #isListed(space: KeySpace, id: string): Promise<boolean> {
    if (space.path.length === 0 || this.#seen.has(id)) return true
    if ((await this.#parts.store.get(NAMESPACES, space.prefix)) === undefined) return false
    this.#seen.add(id)
    return true
  }

  async #listedAt(prefix: Uint8Array): Promise<KeySpace | undefined> {
    try {
      return await this.#parts.namespaces.at(prefix)
    } catch {
      // Its row is damaged, which is told.
      return undefined
    }
  }

  #named(prefix: Uint8Array): KeySpace | undefined {
    const path = namespacePath(prefix)
    const space = path && this.#parts.namespaces.space(path)
    return space !== undefined && equalBytes(space.prefix, prefix) ? space : undefined
  }

  async #repairChain(
    space: KeySpace,
    first: Uint8Array,
    before: Uint8Array | undefined,
  ): Promise<boolean> {
    const to = space.withSlot(first, 0xffff_ffff)
    const rows = await this.#parts.store.scan(ROWS, { from: first, to, reverse: true }, 1)
    const last = rows[0]?.key
    const slots = last === undefined ? 1 : space.slotOf(last) + 1
    return this.#replace(CHAINS, first, before, nextChainRow(before, slots))
  }

  /** Puts a row in the place of one that is still as it was. */
  #replace(
    bucket: string,
    key: Uint8Array,
    starts: Uint8Array | undefined,
    record: Uint8Array,
    deadline = 0,
  ): Promise<boolean> {
    const operations: RowOperation[] = [{ kind: 'put', bucket, key, record, deadline }]
    const checks = [{ bucket, key, starts }]
    return this.#parts.store.commit({ promise: 'committed', checks, operations })
  }

  /** With a row: it is a finding only if the row is still the same. */
  async #found({ repair, space, ...rest }: Suspicion, row?: StoreRow): Promise<void> {
    if (row !== undefined) {
      const now = await this.#parts.store.get(ROWS, row.key)
      if (now === undefined || !equalBytes(now, row.record)) return
    }
    const isRepaired = this.#options.repair === true && repair !== undefined && (await repair())
    const finding: Finding = { ...rest, namespace: space?.path, isRepaired }
    this.#findings++
    if (isRepaired) this.#repaired++
    if (this.#details.length < DETAILED_FINDINGS) this.#details.push(finding)
    this.#options.onFinding?.(finding)
  }
}

/** Throws for a row that cannot be read. */
function soundRow(space: KeySpace, { key: storageKey, record }: StoreRow): Sound {
  const fields = fieldsOfRow(space, storageKey, record)
  const key = keyOfRow(space, storageKey, fields)
  assertPlace(space, storageKey, key)
  return { key, fields }
}
