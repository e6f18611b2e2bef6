/** The quarantine of an AsyncStore, in the rows of upkeep/quarantine.ts. */
import type { Clock } from '../../clock.js'
import { namespacePrefix } from '../../keys/key-space.js'
import type { AsyncStore, RowCheck, RowOperation } from '../../store/async-store.js'
import { fieldsOfRow, keyOfRow, ROWS } from '../row.js'
import {
  decodeQuarantined,
  encodeQuarantined,
  idKey,
  QUARANTINE,
  type QuarantinedRecord,
  type QuarantineRow,
} from '../upkeep/quarantine.js'
import type { AsyncQuarantineRows } from './async-engine.js'
import type { RemoteNamespaces } from './remote-namespaces.js'
import type { Located, RemotePlaces } from './remote-places.js'

const STEP_ROWS = 64

export interface RemoteQuarantineParts {
  readonly store: AsyncStore
  readonly clock: Clock
  readonly namespaces: RemoteNamespaces
  readonly places: RemotePlaces
}

export class RemoteQuarantine implements AsyncQuarantineRows {
  readonly #parts: RemoteQuarantineParts

  constructor(parts: RemoteQuarantineParts) {
    this.#parts = parts
  }

  /** Moves a row here, if it is still as it was found. */
  async take(storageKey: Uint8Array, record: Uint8Array, bucket = ROWS): Promise<boolean> {
    const { store, clock } = this.#parts
    const key = idKey(await store.nextVersions(1))
    const kept = encodeQuarantined(clock.now(), storageKey, record)
    const put: RowOperation = {
      kind: 'put',
      bucket: QUARANTINE,
      key,
      record: kept,
      deadline: 0,
    }
    const remove: RowOperation = {
      kind: 'delete',
      bucket,
      key: storageKey,
      noted: 'nothing',
    }
    const check = { bucket, key: storageKey, starts: record }
    if (store.atomicity === 'batch') return this.#commit([check], [put, remove])
    // Kept before it is removed: at worst it is in both places.
    await this.#commit([], [put])
    const isTaken = await this.#commit([check], [remove])
    if (!isTaken) await this.#commit([], [{ kind: 'delete', bucket: QUARANTINE, key }])
    return isTaken
  }

  async *records(): AsyncGenerator<QuarantinedRecord, undefined> {
    const { namespaces } = this.#parts
    for await (const { id, movedAt, storageKey, record } of this.#rows()) {
      const space = await namespaces.at(namespacePrefix(storageKey))
      const key = (space ?? namespaces.space([])).shownRow(storageKey)
      yield { id, namespace: space?.path, key, movedAt, record }
    }
    return undefined
  }

  count(): Promise<number> {
    const { store, clock } = this.#parts
    return store.count(QUARANTINE, {}, clock.now())
  }

  async restore(): Promise<number> {
    let restored = 0
    for await (const row of this.#rows()) if (await this.#putBack(row)) restored++
    return restored
  }

  async discard(): Promise<number> {
    let removed = 0
    for await (const { id } of this.#rows()) {
      const key = idKey(id)
      await this.#commit([], [{ kind: 'delete', bucket: QUARANTINE, key }])
      removed++
    }
    return removed
  }

  /** Where it was, if it can be read, and its key is not there. */
  async #putBack({ id, storageKey, record }: QuarantineRow): Promise<boolean> {
    const { store, namespaces, places } = this.#parts
    const space = await namespaces.at(namespacePrefix(storageKey))
    if (space === undefined) return false
    let key: string
    let deadline: number
    try {
      const fields = fieldsOfRow(space, storageKey, record)
      key = keyOfRow(space, storageKey, fields)
      deadline = fields.dueAt
    } catch {
      return false
    }
    const [located] = await places.locate(space, [key])
    if (located?.record !== undefined) return false
    const { storageKey: free, checks, operations } = places.insertion(space, located as Located)
    // Its checksum is of this place.
    if (Buffer.compare(free, storageKey) !== 0) return false
    const put: RowOperation = { kind: 'put', bucket: ROWS, key: storageKey, record, deadline }
    const remove: RowOperation = { kind: 'delete', bucket: QUARANTINE, key: idKey(id) }
    if (store.atomicity === 'batch') return this.#commit(checks, [...operations, put, remove])
    const isBack = await this.#commit(checks, [put])
    if (isBack) await this.#commit([], [remove])
    return isBack
  }

  async *#rows(): AsyncGenerator<QuarantineRow> {
    for (let after: Uint8Array | undefined; ; ) {
      const range = after === undefined ? {} : { after }
      const rows = await this.#parts.store.scan(QUARANTINE, range, STEP_ROWS)
      if (rows.length === 0) return
      for (const { key, record } of rows) yield decodeQuarantined(key, record)
      after = rows.at(-1)?.key
    }
  }

  #commit(checks: readonly RowCheck[], operations: readonly RowOperation[]): Promise<boolean> {
    return this.#parts.store.commit({ promise: 'synced', checks, operations })
  }
}
