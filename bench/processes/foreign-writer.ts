/** A process of its own that commits to a dict, as fast as it can, whenever it is told to. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { answerOf } from './team.js'

const WORKER = fileURLToPath(new URL('./foreign-worker.ts', import.meta.url))

/** What the worker is told; it answers with its commits so far. */
export type Order =
  | { readonly order: 'write'; readonly folder: string }
  | { readonly order: 'pause' }
  | { readonly order: 'stop' }

export class ForeignWriter {
  readonly #worker: ChildProcess = fork(WORKER, [], { execArgv: ['--import', 'tsx'] })

  /** Resolves when the first commit has been made. */
  async write(folder: string): Promise<void> {
    await this.#tell({ order: 'write', folder })
  }

  /** Resolves when no further commit will come, with the number of all. */
  pause(): Promise<number> {
    return this.#tell({ order: 'pause' })
  }

  stop(): void {
    if (this.#worker.connected) this.#worker.send({ order: 'stop' } satisfies Order)
  }

  #tell(order: Order): Promise<number> {
    const answer = answerOf(this.#worker)
    this.#worker.send(order)
    return answer
  }
}
