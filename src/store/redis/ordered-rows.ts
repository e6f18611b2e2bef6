/**
 * Finding rows in the order of their keys, and by their deadlines: what the sorted sets are for.
 *
 * Each part of a store has sorted sets of its own, so all are asked, and their answers are merged.
 */
import { compareBytes } from '../../bytes.js'
import { type DeadlineHint, SCAN_STEP_BYTES, type ScanRange, type StoreRow } from '../sync-store.js'
import type { Commands } from './commands.js'
import type { Drops } from './drops.js'
import type { KeyNames } from './key-names.js'
import { isBelow, lexBounds } from './lex-range.js'
import type { Words } from './redis-client.js'
import type { RowReads } from './row-reads.js'
import { DUE, SCAN, SCRIPT_STEP } from './scripts.js'

const STEP = String(SCRIPT_STEP)

interface Step {
  readonly rows: StoreRow[]
  readonly last: Uint8Array | undefined
}

type Hints = readonly DeadlineHint[]

/** Entries of the deadline index: of rows that are there, and of those that Redis has dropped. */
interface Due {
  readonly there: Hints
  readonly gone: Hints
  readonly inRange: number
}

/**
 * Whoever listens to drops hears of each by being the one who removes its entry. Those who do not
 * listen leave it for so long to those who do.
 */
const OTHERS_HEAR_MS = 5_000

export interface OrderedRowsParts {
  readonly commands: Commands
  readonly names: KeyNames
  readonly reads: RowReads
  readonly drops: Drops
  /** Told of rows that Redis has dropped. */
  readonly gone: (bucket: string, keys: readonly Uint8Array[]) => Promise<void>
  /** Names us in notes of the journal. */
  readonly writer: Uint8Array
}

export class OrderedRows {
  readonly #commands: Commands
  readonly #names: KeyNames
  readonly #reads: RowReads
  readonly #drops: Drops
  readonly #gone: OrderedRowsParts['gone']
  readonly #writer: Uint8Array

  constructor({ commands, names, reads, drops, gone, writer }: OrderedRowsParts) {
    this.#commands = commands
    this.#names = names
    this.#reads = reads
    this.#drops = drops
    this.#gone = gone
    this.#writer = writer
  }

  /** See AsyncStore.scan(); so for the others. */
  async scan(bucket: string, range: ScanRange, limit: number): Promise<StoreRow[]> {
    const found: StoreRow[] = []
    let bytes = 0
    let rest = ownRange(range)
    while (found.length < limit && bytes < SCAN_STEP_BYTES) {
      const step = await this.#scanStep(bucket, rest, limit - found.length, bytes)
      for (const row of step.rows) {
        if (found.length >= limit || bytes >= SCAN_STEP_BYTES) break
        found.push(row)
        bytes += row.record.length
      }
      if (step.last === undefined) break
      rest = { ...rest, after: step.last }
    }
    return found
  }

  async count(bucket: string, range: ScanRange, now: number): Promise<number> {
    const own = ownRange(range)
    const counts = this.#names.rowPrefixes.map(async (_, part) => {
      let entries = 0
      let expired = 0
      await this.#eachDue(bucket, part, now, own, ({ there, gone, inRange }) => {
        entries = inRange
        expired += [...there, ...gone].filter(({ key }) => isIn(key, own)).length
        return true
      })
      return entries - expired
    })
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  async due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]> {
    const lists = this.#names.rowPrefixes.map(async (_, part) => {
      const found: DeadlineHint[] = []
      await this.#eachDue(bucket, part, now, {}, ({ there }) => {
        found.push(...there)
        return found.length < limit
      })
      return found
    })
    const hints = (await Promise.all(lists)).flat()
    return hints.sort((a, b) => a.deadline - b.deadline).slice(0, limit)
  }

  async knows(bucket: string, hints: readonly DeadlineHint[]): Promise<boolean[]> {
    const asked = hints.map(async ({ key, deadline }) => {
      const { deadlines } = this.#names.bucket(bucket, this.#names.partOf(key))
      const words = ['ZSCORE', deadlines, copyOf(key)]
      const score = await this.#commands.run(deadlines, words, 'repeatable')
      return score !== null && Number(String(score)) === deadline
    })
    return Promise.all(asked)
  }

  /** Tells all rows that Redis has dropped until now, and removes their entries. */
  async settle(bucket: string, now: number): Promise<void> {
    const settled = this.#names.rowPrefixes.map((_, part) =>
      this.#eachDue(bucket, part, now, {}, () => true),
    )
    await Promise.all(settled)
  }

  /** Calls `visit` with the keys of a range, in steps, part by part. */
  async eachKey(
    bucket: string,
    range: ScanRange,
    visit: (keys: Buffer[], part: number) => Promise<unknown>,
  ): Promise<void> {
    const own = ownRange({ ...range, reverse: false })
    const visited = this.#names.rowPrefixes.map(async (_, part) => {
      const { index } = this.#names.bucket(bucket, part)
      for (let rest = own; ; ) {
        const words = ['ZRANGE', index, ...lexBounds(rest), 'BYLEX', 'LIMIT', '0', STEP]
        const keys = (await this.#commands.run(index, words, 'repeatable')) as Buffer[]
        const last = keys.at(-1)
        if (last === undefined) return
        await visit(keys, part)
        rest = { ...rest, after: last }
      }
    })
    await Promise.all(visited)
  }

  /** Some of the next rows, and the last key that was looked at; none if the range is exhausted. */
  async #scanStep(bucket: string, range: ScanRange, limit: number, bytes: number): Promise<Step> {
    const { parts, rowPrefixes } = this.#names
    const bounds = lexBounds(range)
    const most = Math.min(Math.ceil(limit / parts), SCRIPT_STEP)
    const room = Math.ceil((SCAN_STEP_BYTES - bytes) / parts)
    const reverse = range.reverse ? '1' : '0'
    const asked = rowPrefixes.map(async (_, part) => {
      const { rows, index, deadlines } = this.#names.bucket(bucket, part)
      const args = [rows, ...bounds, reverse, String(most), String(room)]
      const answer = await this.#commands.script(SCAN, [index, deadlines], args, 'repeatable')
      const [isDone, last, ...pairs] = answer as [number, Buffer, ...(Buffer | null)[]]
      return { rows: await this.#found(bucket, pairs), last: isDone === 1 ? undefined : last }
    })
    return merged(await Promise.all(asked), range.reverse === true)
  }

  /** Rows from keys and records in turn. Those without a record are asked for one by one. */
  async #found(bucket: string, pairs: readonly (Buffer | null)[]): Promise<StoreRow[]> {
    const found: StoreRow[] = []
    for (let at = 0; at < pairs.length; at += 2) {
      const key = pairs[at] as Buffer
      // A command for one key is sent to whichever node has it.
      const record = pairs[at + 1] ?? (await this.#reads.get(bucket, key))
      if (record !== undefined) found.push({ key, record })
    }
    return found
  }

  /**
   * Calls `visit` with entries that are due, soonest first, and how many entries a range has, until it
   * returns false. Entries whose rows are gone go, too, and are told.
   */
  async #eachDue(
    bucket: string,
    part: number,
    now: number,
    range: ScanRange,
    visit: (due: Due) => boolean,
  ): Promise<void> {
    const { rows, index, deadlines, journal, notes } = this.#names.bucket(bucket, part)
    const bounds = lexBounds(range)
    const writer = Buffer.from(this.#writer)
    const settled = String(this.#drops.isHeard ? now : now - OTHERS_HEAR_MS)
    for (let passed = 0; ; ) {
      const args: Words = [rows, ...bounds, String(passed), String(now), STEP, settled, writer]
      const keys = [index, deadlines, journal, notes]
      const answer = await this.#commands.script(DUE, keys, args, 'repeatable')
      const [isDone, inRange, ...lists] = answer as [number, number, Buffer[], Buffer[], Buffer[]]
      const [there = [], gone = [], removed = []] = lists.map(hintsOf)
      for (const hint of removed) this.#drops.tell(bucket, hint)
      if (removed.length > 0) {
        await this.#gone(
          bucket,
          removed.map(({ key }) => key),
        )
      }
      passed += there.length + gone.length
      if (!visit({ there, gone, inRange }) || isDone === 1) return
    }
  }
}

/** A range whose bytes nobody else changes. */
function ownRange({ from, to, after, reverse = false }: ScanRange): ScanRange {
  return {
    reverse,
    ...(from && { from: copyOf(from) }),
    ...(to && { to: copyOf(to) }),
    ...(after && { after: copyOf(after) }),
  }
}

/** Rows of several parts in one order, as far as all parts have been looked at. */
function merged(steps: readonly Step[], reverse: boolean): Step {
  const [only] = steps as readonly [Step]
  if (steps.length === 1) return only
  const sign = reverse ? -1 : 1
  const compare = (a: Uint8Array, b: Uint8Array) => sign * compareBytes(a, b)
  const [last] = steps.flatMap((step) => step.last ?? []).sort(compare)
  const rows = steps.flatMap((step) => step.rows).sort((a, b) => compare(a.key, b.key))
  return { rows: rows.filter(({ key }) => last === undefined || compare(key, last) <= 0), last }
}

function hintsOf(pairs: readonly Buffer[]): DeadlineHint[] {
  const hints: DeadlineHint[] = []
  for (let at = 0; at < pairs.length; at += 2) {
    hints.push({ key: pairs[at] as Buffer, deadline: Number(pairs[at + 1]) })
  }
  return hints
}

/** A key is at or after `from`, before `to`, and after `after`. */
function isIn(key: Uint8Array, { from, to, after }: ScanRange): boolean {
  return !isBelow(key, from) && (to === undefined || isBelow(key, to)) && !isUpTo(key, after)
}

function isUpTo(key: Uint8Array, bound: Uint8Array | undefined): boolean {
  return bound !== undefined && compareBytes(key, bound) <= 0
}

function copyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}
