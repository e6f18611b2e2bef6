/**
 * Entries as lines of JSON, for "export" and "import".
 *
 *     {"persistdict": 1, "exportedAt": …, "store": "lmdb"}          what begins an export
 *     {"key": "ada", "value": …, "namespace": ["users"], "tags": ["x"],
 *      "expiresAt": 1769860800000, "createdAt": …, "updatedAt": …}  an entry; what is empty is left out
 *     {"end": true, "entries": 1, "unreadable": 0}                  what ends it: without, it was cut off
 *
 * Values are typed JSON (src/codec/typed-json.ts), times milliseconds since 1970-01-01 UTC.
 */
import { z } from 'zod'
import { fromTypedJson, toTypedJson } from '../codec/typed-json.js'
import type { DictEntry } from '../dict/face.js'
import type { RestoredEntry } from '../dict/restore.js'

const FORMAT = 1

export interface ImportedEntry extends RestoredEntry {
  readonly namespace: readonly string[]
  readonly key: string
}

export type Line =
  | { readonly kind: 'begin' }
  | { readonly kind: 'entry'; readonly entry: ImportedEntry }
  | { readonly kind: 'end'; readonly entries: number }

export function beginLine(store: string, now: number): unknown {
  return { persistdict: FORMAT, exportedAt: now, store }
}

/** Throws TypeError for a value that cannot be written. */
export function entryLine(
  namespace: readonly string[],
  entry: DictEntry<string, unknown>,
): Readonly<Record<string, unknown>> {
  const { key, value, tags, expiresAt, createdAt, updatedAt } = entry
  return {
    key,
    value: toTypedJson(value),
    ...(namespace.length > 0 && { namespace }),
    ...(tags.length > 0 && { tags }),
    ...(expiresAt !== undefined && { expiresAt }),
    createdAt,
    updatedAt,
  }
}

export function endLine(entries: number, unreadable: number): unknown {
  return { end: true, entries, unreadable }
}

const begin = z.object({ persistdict: z.number(), exportedAt: z.number() })
const end = z.object({ end: z.literal(true), entries: z.number() })
const instant = z.int().nonnegative()
const entry = z.object({
  key: z.union([z.string(), z.number()]),
  value: z.unknown(),
  namespace: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  expiresAt: z.number().positive().nullable().optional(),
  createdAt: instant.optional(),
  updatedAt: instant.optional(),
})

/** What a line says at `now`. Throws TypeError or RangeError, completing the sentence "the line …". */
export function lineOf(text: string, now: number): Line {
  const json = parsed(text)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TypeError('is not an object of JSON')
  }
  if (begin.safeParse(json).success) return beginning(json as z.infer<typeof begin>)
  if (end.safeParse(json).success) {
    return { kind: 'end', entries: (json as z.infer<typeof end>).entries }
  }
  if (!('key' in json && 'value' in json)) throw new TypeError('has no "key" and "value"')
  const result = entry.safeParse(json)
  if (!result.success) {
    throw new TypeError(`has a wrong "${String(result.error.issues[0]?.path[0] ?? '')}"`)
  }
  const { key, value, namespace = [], tags = [], expiresAt } = result.data
  const { createdAt, updatedAt = createdAt } = result.data
  for (const [name, at] of Object.entries({ createdAt, updatedAt })) {
    if (at !== undefined && at > now) throw new RangeError(`has a "${name}" in the future`)
  }
  return {
    kind: 'entry',
    entry: {
      namespace,
      key: String(key),
      value: fromTypedJson(value),
      expiresAt: expiresAt ?? Number.POSITIVE_INFINITY,
      tags,
      times: updatedAt === undefined ? undefined : { createdAt: createdAt ?? updatedAt, updatedAt },
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TypeError(`is not JSON: ${(cause as Error).message}`, { cause })
  }
}

function beginning({ persistdict }: z.infer<typeof begin>): Line {
  if (persistdict === FORMAT) return { kind: 'begin' }
  throw new RangeError(`begins an export of form ${persistdict}, and this version reads ${FORMAT}`)
}
