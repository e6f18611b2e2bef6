/**
 * Group commit: batches that are committed in one turn go to the server in one script, each of them all
 * or nothing for itself. A call costs the server and node-redis several times what a batch of one row
 * does.
 */
import type { Clock } from '../../clock.js'
import { StoreTimeoutError } from '../../errors/server-errors.js'
import type { Commands } from './commands.js'
import { ANSWER, type Changes, CommitGroup } from './commit-group.js'
import type { KeyNames } from './key-names.js'
import { storeError } from './redis-errors.js'
import { COMMIT } from './scripts.js'
import { ServerClock } from './server-clock.js'

/** What commits have besides the timeout: answers of the server's clock are not exact. */
const LATE_MS = 100

/** A commit is tried so often if the server's clock jumps ahead each time. */
const MOST_LATE = 3

/** A group has no more, beyond its first batch: nobody else is served while it is applied. */
const MOST_GROUPED = 256
const MOST_GROUPED_BYTES = 1 << 20

export interface GroupCommitParts {
  readonly commands: Commands
  readonly names: KeyNames
  readonly clock: Clock
  /** Names us in notes of the journal. */
  readonly writer: Uint8Array
  /** Told whether versions that batches have assumed were right. */
  readonly onAssumed: (areRight: boolean) => void
}

/** A group that still takes batches, with who waits for them. */
interface OpenGroup {
  readonly group: CommitGroup
  readonly waiting: {
    readonly resolve: (isApplied: boolean) => void
    readonly reject: (error: unknown) => void
  }[]
}

export class GroupCommit {
  readonly #parts: GroupCommitParts
  /** Part by part: in a cluster they may lie on different servers. */
  readonly #serverClocks: readonly ServerClock[]
  readonly #open: (OpenGroup | undefined)[] = []

  constructor(parts: GroupCommitParts) {
    this.#parts = parts
    const { commands, names, clock } = parts
    this.#serverClocks = names.rowPrefixes.map((key) => new ServerClock(commands, clock, key))
  }

  /** Commits a batch, whose bytes are copied. All its rows lie in `part`. */
  commit(part: number, batch: Changes): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const { group, waiting } = this.#opened(part)
      group.add(batch)
      waiting.push({ resolve, reject })
      if (group.operations >= MOST_GROUPED || group.sizeBytes >= MOST_GROUPED_BYTES) {
        this.#send(part)
      }
    })
  }

  /** Removes rows of a range, which the journal tells as one change: the range begins with `cleared`. */
  async remove(part: number, batch: Changes, cleared: Uint8Array): Promise<void> {
    const group = new CommitGroup(this.#parts.names, part)
    group.add(batch)
    const [failure] = (await this.#apply(group, [Buffer.from(cleared)])).filter(isError)
    if (failure !== undefined) throw this.#refused(failure)
  }

  /** About the time of the server of a part when a commit arrives there; undefined if it is not known. */
  serverTime(part: number): number | undefined {
    return this.#serverClocks[part]?.onArrival()
  }

  #opened(part: number): OpenGroup {
    const open = this.#open[part]
    if (open !== undefined) return open
    const opened = { group: new CommitGroup(this.#parts.names, part), waiting: [] }
    this.#open[part] = opened
    // When all that runs in this turn has run: what it commits, too, goes along.
    process.nextTick(() => {
      if (this.#open[part] === opened) this.#send(part)
    })
    return opened
  }

  async #send(part: number): Promise<void> {
    const { group, waiting } = this.#open[part] as OpenGroup
    this.#open[part] = undefined
    try {
      const answers = await this.#apply(group, [])
      for (const [at, { resolve, reject }] of waiting.entries()) {
        const answer = answers[at]
        if (isError(answer)) reject(this.#refused(answer))
        else resolve(answer === ANSWER.applied)
      }
      if (group.hasVersions) this.#parts.onAssumed(!answers.includes(ANSWER.oldVersions))
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  /** What the script answers for each batch. */
  async #apply(group: CommitGroup, range: readonly Buffer[]): Promise<readonly unknown[]> {
    const { commands, writer } = this.#parts
    const { timeoutMs, link } = commands
    const clock = this.#serverClocks[group.part] as ServerClock
    const { keys, steps, bucketCount } = group
    for (let attempt = 0; attempt < MOST_LATE; attempt++) {
      const { time, skewMs } = await clock.ahead(timeoutMs + LATE_MS)
      // A row that goes by a clock ahead of ours would go early; by one behind, it only stays longer.
      const numbers = [time, bucketCount, Math.max(0, skewMs)].map(String)
      const words = [...numbers, Buffer.from(writer), steps, ...range]
      const answer = await commands.script(COMMIT, keys, words, 'once').catch((error: unknown) => {
        // The next may be answered by another server, with another clock.
        clock.forget()
        throw error
      })
      if (Array.isArray(answer)) return answer
      // Too late by the server's clock, in time by ours: the server's clock was set.
      clock.forget()
    }
    throw new StoreTimeoutError(link.location, timeoutMs)
  }

  #refused(error: Error): Error {
    return storeError(this.#parts.commands.link.location, error)
  }
}

function isError(answer: unknown): answer is Error {
  return answer instanceof Error
}
