/**
 * R13: several processes ask for one value at once; whoever computes it is killed, stopped or throws.
 * See children/flight.mjs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../random.js'
import { type Child, startChild } from './child.js'

/** What becomes of whoever computes first. */
export const LEADERS = ['works', 'kill', 'stop', 'throw'] as const
export type Leader = (typeof LEADERS)[number]

export interface FlightOptions {
  /** A name in children/stores.mjs. */
  readonly store: string
  /** An empty directory. */
  readonly directory: string
  /** Where the store is. @default a new one in the directory */
  readonly place?: string | undefined
  readonly processes: number
  /** Callers in each process. */
  readonly asks: number
  readonly mutant?: 'blind' | undefined
}

/** A stopped process is taken over after so long; long enough not to lose a lease on a busy machine. */
const STOPPED_LEASE_MS = 4_000
const LEASE_MS = 10_000
const CHILD_DEADLINE_MS = 900_000

interface Answer {
  readonly key: string
  readonly values: Readonly<Record<string, number>>
  readonly errors: Readonly<Record<string, number>>
}

/** A crew of processes, and the rounds that they go through. */
export class FlightCrew {
  readonly #options: FlightOptions
  readonly #log: string
  #crew: Child[] = []
  #rounds = 0

  private constructor(options: FlightOptions) {
    this.#options = options
    this.#log = join(options.directory, 'log')
    writeFileSync(this.#log, '')
  }

  static async start(options: FlightOptions): Promise<FlightCrew> {
    const crew = new FlightCrew(options)
    await crew.#fill()
    return crew
  }

  /** Ends all processes. */
  async end(): Promise<void> {
    for (const { process } of this.#crew) process.stdin?.end()
    await Promise.all(this.#crew.map(({ ended }) => ended))
  }

  /** Ends all processes, whatever they do. */
  kill(): void {
    for (const { process } of this.#crew) process.kill('SIGKILL')
  }

  /** One round; returns what went wrong, which is nothing. */
  async round(leader: Leader, random: Random): Promise<string[]> {
    await this.#fill()
    const { asks } = this.#options
    const key = `r${this.#rounds++}`
    const lease = leader === 'stop' ? STOPPED_LEASE_MS : LEASE_MS
    const order = { key, asks, leader, lease, computeMs: random.below(20) }
    for (const child of this.#crew) child.process.stdin?.write(`${JSON.stringify(order)}\n`)
    const ends = await Promise.all(this.#crew.map((child) => this.#answer(child, key, leader)))
    const answers = ends.filter((answer) => answer !== 'killed')
    const made = this.#made(key)
    const wrong: string[] = []
    const expect = (isTrue: boolean, what: string) => {
      if (!isTrue)
        wrong.push(`${key}, leader ${leader}: ${what}: ${JSON.stringify({ made, ends })}`)
    }
    expect(made.length === (leader === 'works' ? 1 : 2), 'another number of computations')
    expect(ends.length - answers.length === (leader === 'kill' ? 1 : 0), 'another process died')
    const thrown = answers.filter(({ errors }) => Object.keys(errors).length > 0)
    expect(thrown.length === (leader === 'throw' ? 1 : 0), 'errors that nobody threw')
    for (const { values, errors } of answers) {
      const [got, ...others] = [...Object.entries(values), ...Object.entries(errors)]
      expect(others.length === 0 && got?.[1] === asks, 'callers of one process differ')
      // One that was stopped may hand its own callers what it computed; it is not stored.
      const isOwn = leader === 'stop' && got?.[0] === made[0]
      const isRight = got?.[0] === made.at(-1) || got?.[0] === 'thrown on purpose' || isOwn
      expect(isRight, 'a value that is not the last one computed')
    }
    return wrong
  }

  /** The values that were computed for a key, in the order in which that began. */
  #made(key: string): string[] {
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${key} `))
  }

  async #answer(child: Child, key: string, leader: Leader): Promise<Answer | 'killed'> {
    const answered = child
      .line((line) => line.startsWith(`{"key":"${key}"`))
      .then(
        (line) => JSON.parse(line) as Answer,
        () => 'killed' as const,
      )
    if (leader !== 'stop') return answered
    // Whoever stopped goes on once the others are done.
    await Promise.race([answered, this.#othersDone(key, child)])
    // It may not have stopped yet, if it was taken over because the machine is busy.
    const waking = setInterval(() => child.process.kill('SIGCONT'), 50)
    return answered.finally(() => clearInterval(waking))
  }

  async #othersDone(key: string, but: Child): Promise<void> {
    const others = this.#crew.filter((child) => child !== but)
    await Promise.all(
      others.map((child) => child.line((line) => line.startsWith(`{"key":"${key}"`))),
    )
  }

  /** As many processes as there should be. */
  async #fill(): Promise<void> {
    const { store, directory, processes, mutant, place = join(directory, 'dict') } = this.#options
    const isOver = ({ process }: Child) => process.exitCode !== null || process.signalCode !== null
    this.#crew = this.#crew.filter((child) => !isOver(child))
    const settings = { store, place, log: this.#log, mutant }
    while (this.#crew.length < processes) {
      const nodeArgs = mutant === undefined ? [] : ['--import', 'tsx']
      const options = { nodeArgs, deadlineMs: CHILD_DEADLINE_MS }
      this.#crew.push(startChild('flight.mjs', [JSON.stringify(settings)], options))
    }
    await Promise.all(this.#crew.map((child) => child.line((line) => line === 'ready')))
  }
}
