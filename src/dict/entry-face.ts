import type { Entry, ValueMode } from '../engine/entry.js'
import type { DictEntry } from './face.js'

/** What users see of an entry, under the key as they gave it. */
export function entryFace(
  entry: Entry,
  key: unknown,
  mode: ValueMode,
  accessedAt?: number | undefined,
): DictEntry<unknown, unknown> {
  const { createdAt, updatedAt, expiresAt, version, tags, sizeBytes } = entry
  const value = entry.value(mode)
  const goesAt = expiresAt === 0 ? undefined : expiresAt
  return {
    key,
    value,
    createdAt,
    updatedAt,
    accessedAt,
    expiresAt: goesAt,
    version,
    tags,
    sizeBytes,
  }
}
