/**
 * Verifying a whole store while others use it: an inspection, step by step, and a second look at what
 * is suspicious with writers shut out.
 *
 * Records, deadlines and counts are seen as of one moment where the store has snapshots. Without, the
 * size of a namespace that was written to meanwhile is counted again in one go.
 */
import { nextTurn } from '../../clock.js'
import { ClosedError } from '../../errors/open-errors.js'
import { ACCESSED } from '../access-times.js'
import { COUNTS } from '../count.js'
import type { Engine } from '../engine.js'
import { ROWS } from '../row.js'
import { TAGS } from '../tags.js'
import {
  DETAILED_FINDINGS,
  type Finding,
  type Inspected,
  type Suspicion,
  type VerifyReport,
} from './finding.js'
import { Inspection } from './inspection.js'
import { settled } from './repair.js'

/** Work done in one go: less than the 10 ms that an event loop may be held up. */
const SLICE_MS = 4

/** Options of verify(). */
export interface VerifyOptions {
  /**
   * Puts right what can be: sizes, deadlines, chains. A record that cannot be read goes into the
   * quarantine. @default false
   */
  readonly repair?: boolean | undefined
  /** Ends the verification early. */
  readonly signal?: AbortSignal | undefined
  /** Called with each finding; the report keeps only the first 1,000. */
  readonly onFinding?: ((finding: Finding) => void) | undefined
  /** Called now and then with how many entries were looked at. */
  readonly onProgress?: ((entries: number) => void) | undefined
}

/** The names of all options. */
export const VERIFY_OPTIONS = ['repair', 'signal', 'onFinding', 'onProgress'] as const

/** Looks through the whole store in slices of a few milliseconds. Rejects with the signal's reason. */
export async function verify(engine: Engine, options: VerifyOptions): Promise<VerifyReport> {
  const verification = new Verification(engine, options)
  try {
    while (verification.slice(SLICE_MS)) {
      options.signal?.throwIfAborted()
      options.onProgress?.(verification.entries)
      await nextTurn()
    }
    return verification.report()
  } finally {
    verification.close()
  }
}

/** The same without pauses. */
export function verifyAtOnce(engine: Engine): VerifyReport {
  const verification = new Verification(engine, {})
  try {
    while (verification.slice(Number.POSITIVE_INFINITY));
    return verification.report()
  } finally {
    verification.close()
  }
}

export class Verification {
  readonly #engine: Engine
  readonly #options: VerifyOptions
  readonly #inspection: Inspection
  readonly #steps: Iterator<readonly Suspicion[]>
  readonly #close: () => void
  readonly #hasSnapshot: boolean
  readonly #changeAtStart: number
  readonly #startedAt: number
  readonly #details: Finding[] = []
  #findings = 0
  #repaired = 0

  constructor(engine: Engine, options: VerifyOptions) {
    this.#engine = engine
    this.#options = options
    this.#startedAt = engine.clock.monotonic()
    // Commits what is pending, so that it is looked at, too.
    engine.reader()
    this.#changeAtStart = engine.store.changeId()
    const snapshot = engine.store.snapshot?.([ROWS, COUNTS, ACCESSED, TAGS])
    this.#hasSnapshot = snapshot !== undefined
    this.#close = () => snapshot?.close()
    this.#inspection = new Inspection(engine, snapshot ?? storeOf(engine))
    this.#steps = this.#inspection.steps()
  }

  /** How many were looked at. */
  get entries(): number {
    return this.#inspection.entries
  }

  /** Goes on for about so long. False if all is done. */
  slice(ms: number): boolean {
    const { clock } = this.#engine
    const end = clock.monotonic() + ms
    do {
      if (this.#engine.isClosed) throw new ClosedError()
      const step = this.#steps.next()
      if (step.done) return false
      if (step.value.length > 0) this.#settle(step.value)
    } while (clock.monotonic() < end)
    return true
  }

  report(): VerifyReport {
    const { entries, namespaces, staleHints } = this.#inspection
    return {
      entries,
      namespaces,
      findings: this.#findings,
      details: this.#details,
      repaired: this.#repaired,
      staleHints,
      durationMs: this.#engine.clock.monotonic() - this.#startedAt,
    }
  }

  close(): void {
    this.#close()
  }

  #settle(suspicions: readonly Suspicion[]): void {
    const { repair = false, onFinding } = this.#options
    const found = this.#engine.transaction((session) => {
      const isExact = this.#hasSnapshot || this.#engine.store.changeId() === this.#changeAtStart
      const findings: Finding[] = []
      for (const suspicion of suspicions) {
        const finding = settled(session, suspicion, { repair, isExact })
        if (finding !== undefined) findings.push(finding)
      }
      return findings
    })
    for (const finding of found) {
      this.#findings++
      if (finding.isRepaired) this.#repaired++
      if (this.#details.length < DETAILED_FINDINGS) this.#details.push(finding)
      onFinding?.(finding)
    }
  }
}

/** The store itself: it may change between two steps. */
function storeOf(engine: Engine): Inspected {
  return {
    get: (bucket, key) => engine.store.get(bucket, key),
    walk: (bucket, range, limit, visit) => engine.store.walk(bucket, range, limit, visit),
    due: (bucket, now, limit, from) => engine.store.due(bucket, now, limit, from),
  }
}
