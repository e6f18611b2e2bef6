/**
 * How many entries each namespace holds, expired ones that were not swept yet included. The rows of
 * this bucket are also the list of all namespaces.
 *
 *     prefix of the namespace → {"path": ["its", "names"], "count": 42}
 */
import { StoreError } from '../errors/store-errors.js'
import type { KeySpace } from '../keys/key-space.js'
import type { StoreReader, StoreTransaction } from '../store/sync-store.js'

export const COUNTS = 'counts'

/** Rows read at a time when listing. */
const LIST_STEP_ROWS = 256

interface CountRow {
  readonly path: readonly string[]
  readonly count: number
}

export function readCount(reader: StoreReader, space: KeySpace): number {
  const row = reader.get(COUNTS, space.prefix)
  return row === undefined ? 0 : parse(row).count
}

export function writeCount(tx: StoreTransaction, space: KeySpace, count: number): void {
  const row: CountRow = { path: space.path, count }
  tx.put(COUNTS, space.prefix, Buffer.from(JSON.stringify(row)), 0)
}

/** The paths of all namespaces that hold entries, in key order; the root's is empty. */
export function* namespacePaths(reader: StoreReader): Generator<readonly string[]> {
  let after: Uint8Array | undefined
  for (;;) {
    const rows = reader.scan(COUNTS, after === undefined ? {} : { after }, LIST_STEP_ROWS)
    if (rows.length === 0) return
    for (const { record } of rows) {
      const { path, count } = parse(record)
      if (count > 0) yield path
    }
    after = rows.at(-1)?.key
  }
}

/** The path of the namespace with that prefix; undefined if nothing was ever stored in it. */
export function pathOf(reader: StoreReader, prefix: Uint8Array): readonly string[] | undefined {
  const row = reader.get(COUNTS, prefix)
  return row === undefined ? undefined : parse(row).path
}

/** The count in a row, for upkeep: 0 without a row, undefined if it cannot be read. */
export function countIn(row: Uint8Array | undefined): number | undefined {
  return row === undefined ? 0 : readable(row)?.count
}

/** The path in a row, for upkeep; undefined without a row, or if it cannot be read. */
export function pathIn(row: Uint8Array | undefined): readonly string[] | undefined {
  return row && readable(row)?.path
}

function readable(row: Uint8Array): CountRow | undefined {
  try {
    return parse(row)
  } catch {
    return undefined
  }
}

/** The row, if it has what a row of counts has. */
function parse(row: Uint8Array): CountRow {
  let parsed: Partial<CountRow> | null
  try {
    parsed = JSON.parse(Buffer.from(row).toString('utf8')) as Partial<CountRow> | null
  } catch (cause) {
    throw damaged(cause)
  }
  const { path, count } = parsed ?? {}
  const isPath = Array.isArray(path) && path.every((name) => typeof name === 'string')
  if (!isPath || !Number.isSafeInteger(count)) throw damaged()
  return parsed as CountRow
}

function damaged(cause?: unknown): StoreError {
  return new StoreError(
    'A count of entries in the store is damaged. verify({ repair: true }) counts them again.',
    { cause },
  )
}
