/** A batch in the words of the script COMMIT. */
import type { Batch } from '../async-store.js'
import type { KeyNames } from './key-names.js'
import type { Words } from './redis-client.js'

/** Redis takes 2^20 words in a command; an operation has at most six of them. */
export const MOST_OPERATIONS = 150_000

/** The most that Redis takes for a string, unless it is told otherwise (proto-max-bulk-len). */
export const LARGEST_RECORD = 512 * 2 ** 20

const NO_ROW = Buffer.from('-')
const ROW = Buffer.from('+')

/**
 * The keys, and the arguments after the first. All rows lie in `part`. `skewMs`: how far the server's
 * clock is ahead of the one by which deadlines were set.
 */
export function commitWords(
  names: KeyNames,
  part: number,
  { checks, operations }: Batch,
  skewMs: number,
): { readonly keys: Words; readonly args: Words } {
  const buckets: string[] = []
  const rows: Buffer[] = []
  const args: (string | Buffer)[] = []
  for (const { bucket, key, starts } of checks) {
    rows.push(names.row(bucket, key))
    args.push(starts === undefined ? NO_ROW : Buffer.concat([ROW, starts]))
  }
  for (const operation of operations) {
    const { bucket, key } = operation
    rows.push(names.row(bucket, key))
    let place = buckets.indexOf(bucket)
    if (place < 0) place = buckets.push(bucket) - 1
    args.push(String(place), asBuffer(key))
    if (operation.kind === 'delete') {
      args.push('')
    } else {
      const { deadline, record } = operation
      // A row that goes by a clock ahead of ours would go early; by one behind, it only stays longer.
      const drop = deadline === 0 ? 0 : Math.ceil(deadline + Math.max(0, skewMs))
      args.push(String(deadline), String(drop), asBuffer(record))
    }
  }
  const indices = buckets.flatMap((bucket) => {
    const { index, deadlines } = names.bucket(bucket, part)
    return [index, deadlines]
  })
  const counts = [String(buckets.length), String(checks.length)]
  return { keys: [...indices, ...rows], args: [...counts, ...args] }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
