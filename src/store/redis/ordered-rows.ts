/**
 * Finding rows in the order of their keys, and by their deadlines: what the sorted sets are for.
 *
 * Each part of a store has sorted sets of its own, so all are asked, and their answers are merged.
 */
import { compareBytes } from '../../bytes.js'
import { type DeadlineHint, SCAN_STEP_BYTES, type ScanRange, type StoreRow } from '../sync-store.js'
import type { Commands } from './commands.js'
import type { KeyNames } from './key-names.js'
import { isBelow, lexBounds } from './lex-range.js'
import type { Words } from './redis-client.js'
import { CLEAR, DUE, SCAN, SCRIPT_STEP } from './scripts.js'

interface Step {
  readonly rows: StoreRow[]
  readonly last: Uint8Array | undefined
}

export class OrderedRows {
  readonly #commands: Commands
  readonly #names: KeyNames

  constructor(commands: Commands, names: KeyNames) {
    this.#commands = commands
    this.#names = names
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
      await this.#eachDue(bucket, part, now, own, (hints, inRange) => {
        entries = inRange
        expired += hints.filter(({ key }) => isIn(key, own)).length
        return true
      })
      return entries - expired
    })
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  async due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]> {
    const lists = this.#names.rowPrefixes.map(async (_, part) => {
      const found: DeadlineHint[] = []
      await this.#eachDue(bucket, part, now, {}, (hints) => {
        found.push(...hints)
        return found.length < limit
      })
      return found
    })
    const hints = (await Promise.all(lists)).flat()
    return hints.sort((a, b) => a.deadline - b.deadline).slice(0, limit)
  }

  async clear(bucket: string, range: ScanRange): Promise<void> {
    const own = ownRange({ ...range, reverse: false })
    const cleared = this.#names.rowPrefixes.map(async (_, part) => {
      const { rows, index, deadlines } = this.#names.bucket(bucket, part)
      for (let rest = own; ; ) {
        const args: Words = [rows, ...lexBounds(rest), String(SCRIPT_STEP)]
        const answer = await this.#commands.script(CLEAR, [index, deadlines], args, 'repeatable')
        const [last] = answer as Buffer[]
        if (last === undefined) return
        rest = { ...rest, after: last }
      }
    })
    await Promise.all(cleared)
  }

  /** Some of the next rows, and the last key that was looked at; none if the range is exhausted. */
  async #scanStep(bucket: string, range: ScanRange, limit: number, bytes: number): Promise<Step> {
    const { parts, rowPrefixes } = this.#names
    const bounds = lexBounds(range)
    const most = Math.min(Math.ceil(limit / parts), SCRIPT_STEP)
    const room = Math.ceil((SCAN_STEP_BYTES - bytes) / parts)
    const reverse = range.reverse ? '1' : '0'
    const asked = rowPrefixes.map(async (_, part) => {
      const { rows, index } = this.#names.bucket(bucket, part)
      const args = [rows, ...bounds, reverse, String(most), String(room)]
      const answer = await this.#commands.script(SCAN, [index], args, 'repeatable')
      const [isDone, last, ...pairs] = answer as [number, Buffer, ...Buffer[]]
      return { rows: rowsOf(pairs), last: isDone === 1 ? undefined : last }
    })
    return merged(await Promise.all(asked), range.reverse === true)
  }

  /**
   * Calls `visit` with rows that are due, soonest first, and how many entries a range has, until it
   * returns false. Entries whose rows are gone go, too.
   */
  async #eachDue(
    bucket: string,
    part: number,
    now: number,
    range: ScanRange,
    visit: (hints: DeadlineHint[], inRange: number) => boolean,
  ): Promise<void> {
    const { rows, index, deadlines } = this.#names.bucket(bucket, part)
    for (let passed = 0; ; ) {
      const args: Words = [
        rows,
        ...lexBounds(range),
        String(passed),
        String(now),
        String(SCRIPT_STEP),
      ]
      const answer = await this.#commands.script(DUE, [index, deadlines], args, 'repeatable')
      const [isDone, inRange, ...pairs] = answer as [number, number, ...Buffer[]]
      const hints = rowsOf(pairs).map(({ key, record }) => ({ key, deadline: Number(record) }))
      passed += hints.length
      if (!visit(hints, inRange) || isDone === 1) return
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

function rowsOf(pairs: readonly Buffer[]): StoreRow[] {
  const rows: StoreRow[] = []
  for (let at = 0; at < pairs.length; at += 2) {
    rows.push({ key: pairs[at] as Buffer, record: pairs[at + 1] as Buffer })
  }
  return rows
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
