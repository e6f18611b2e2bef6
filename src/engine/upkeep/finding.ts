/** What looking through a store can bring to light. */
import type { KeySpace } from '../../keys/key-space.js'
import type { StoreSnapshot } from '../../store/sync-store.js'

/**
 * `'record'`: its bytes have changed, so that it cannot be read. `'value'`: the bytes are as they were
 * written and still make no value, as of a class that is not registered. `'chain'`: a gap in a chain
 * of long keys, behind which keys are not found. `'deadline'`: an entry that no sweep would find.
 * `'count'`: the size of a namespace. `'access'`: when an entry was last read. `'tag'`: the invalidation
 * of a tag. `'namespace'`: rows of a namespace whose name is not known.
 */
export type FindingKind =
  | 'record'
  | 'value'
  | 'chain'
  | 'deadline'
  | 'count'
  | 'namespace'
  | 'access'
  | 'tag'

/** Something that is not as it should be. */
export interface Finding {
  /** What is wrong, for programs. */
  readonly kind: FindingKind
  /** The names of the namespace from the root down; undefined if not known. */
  readonly namespace: readonly string[] | undefined
  /** The key, or what is known of it; undefined for a finding about a whole namespace. */
  readonly key: string | undefined
  /** What is wrong, for people. */
  readonly what: string
  /** Whether it was put right. */
  readonly isRepaired: boolean
}

/** The result of a whole look through a store. */
export interface VerifyReport {
  /** Entries looked at, expired ones included that were not swept yet. */
  readonly entries: number
  /** Namespaces looked through, the root included. */
  readonly namespaces: number
  /** How many findings there were. */
  readonly findings: number
  /** The first of them, at most 1,000. */
  readonly details: readonly Finding[]
  /** How many of them were put right. */
  readonly repaired: number
  /** Rows of the deadline index that no entry needs any more. They do no harm. */
  readonly staleHints: number
  /** How long it took, in milliseconds. */
  readonly durationMs: number
}

/** A report must fit in memory, however damaged the store. */
export const DETAILED_FINDINGS = 1_000

/** Something that looks wrong, and may have been changed by somebody meanwhile. */
export interface Suspicion {
  readonly kind: FindingKind
  readonly space: KeySpace | undefined
  /** Of the row; for a chain, of the slot that is missing. Undefined for a count. */
  readonly storageKey: Uint8Array | undefined
  readonly key: string | undefined
  readonly what: string
  /** For a count: how many entries more there were than it said. */
  readonly missing?: number
}

/** What a walk needs of a store: all of it as of one moment, if the store can. */
export type Inspected = Pick<StoreSnapshot, 'get' | 'walk' | 'due'>
