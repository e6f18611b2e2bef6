/** Several worker processes over the same stores, and the sides of a trial that they are. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Side } from '../harness/case.js'
import type { Records } from '../harness/data.js'
import type { Stage } from '../harness/stage.js'
import { KINDS, type SharedKind } from './kinds.js'
import type { Question, WorkerOrders } from './worker.js'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

export class Team {
  readonly #workers: readonly ChildProcess[]
  #stopped = false

  /** One worker for each of the orders. */
  constructor(orders: readonly WorkerOrders[]) {
    this.#workers = orders.map((each) =>
      fork(WORKER, [JSON.stringify(each)], { execArgv: ['--import', 'tsx'] }),
    )
  }

  /** A side whose rounds end when the last of the workers is done. */
  side(stage: Stage, kind: string, records: Records): Side {
    let filled = false
    return {
      name: kind,
      prepare: async () => {
        if (filled) return
        filled = true
        const folder = stage.folder()
        await (KINDS[kind] as SharedKind).fill(folder, records)
        await this.#ask({ ask: 'open', kind, folder })
      },
      run: async () => {
        const sums = await this.#ask({ ask: 'round', kind })
        return sums.reduce((sum, part) => sum + part, 0)
      },
      close: () => this.#stop(),
    }
  }

  /** The answers of all workers, each at work at the same time. */
  #ask(question: Question): Promise<number[]> {
    const answers = Promise.all(this.#workers.map(answerOf))
    for (const worker of this.#workers) worker.send(question)
    return answers
  }

  async #stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    const left = this.#workers.filter(({ connected }) => connected)
    const gone = left.map((worker) => once(worker, 'exit'))
    for (const worker of left) worker.send({ ask: 'stop' })
    await Promise.all(gone)
  }
}

/** The next message of a worker; rejects if it dies instead. */
export function answerOf(worker: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`A worker ended with ${code}.`))
    worker.once('exit', died)
    worker.once('message', (message) => {
      worker.off('exit', died)
      resolve(Number(message))
    })
  })
}
