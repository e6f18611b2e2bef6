/** A batch in the words of the script COMMIT. */
import type { Batch } from '../async-store.js'
import { noteKind } from '../row-note.js'
import type { KeyNames } from './key-names.js'
import type { Words } from './redis-client.js'

/** Redis takes 2^20 words in a command; an operation has at most six of them. */
export const MOST_OPERATIONS = 150_000

/** The most that Redis takes for a string, unless it is told otherwise (proto-max-bulk-len). */
export const LARGEST_RECORD = 512 * 2 ** 20

const NONE = Buffer.from('-')
const SOME = Buffer.from('+')

/** What a journal says of a batch. */
export interface Noted {
  readonly writer: Uint8Array
  /** The first key of a range whose rows go; undefined for other batches. */
  readonly cleared: Uint8Array | undefined
}

/**
 * The keys, and the arguments after the first. All rows lie in `part`. `skewMs`: how far the server's
 * clock is ahead of the one by which deadlines were set.
 */
export function commitWords(
  names: KeyNames,
  part: number,
  { checks, operations }: Batch,
  skewMs: number,
  { writer, cleared }: Noted,
): { readonly keys: Words; readonly args: Words } {
  const buckets: string[] = []
  const rows: Buffer[] = []
  const args: (string | Buffer)[] = []
  for (const { bucket, key, starts } of checks) {
    rows.push(names.row(bucket, key))
    args.push(starts === undefined ? NONE : Buffer.concat([SOME, starts]))
  }
  for (const operation of operations) {
    const { bucket, key } = operation
    rows.push(names.row(bucket, key))
    let place = buckets.indexOf(bucket)
    if (place < 0) place = buckets.push(bucket) - 1
    args.push(String(place), asBuffer(key))
    if (operation.kind === 'delete') {
      const { noted = 'delete' } = operation
      args.push(noted === 'nothing' ? '' : String(-noteKind(noted)))
    } else {
      const { deadline, record } = operation
      // A row that goes by a clock ahead of ours would go early; by one behind, it only stays longer.
      const drop = deadline === 0 ? 0 : Math.ceil(deadline + Math.max(0, skewMs))
      args.push(String(deadline), String(drop), asBuffer(record))
    }
  }
  const indices = buckets.flatMap((bucket) => {
    const { index, deadlines, journal, notes } = names.bucket(bucket, part)
    return [index, deadlines, journal, notes]
  })
  const counts = [String(buckets.length), String(checks.length)]
  const range = cleared === undefined ? NONE : Buffer.concat([SOME, cleared])
  return { keys: [...indices, ...rows], args: [...counts, asBuffer(writer), range, ...args] }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
