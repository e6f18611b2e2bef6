/** Indexing a folder once, by several processes, and counting what they do. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { WorkerOrder, WorkerReport } from './index-worker.js'

export interface RunOptions {
  /** Whose Markdown files are indexed. */
  readonly folder: string
  readonly indexPath: string
  readonly workers: number
  /** Aborted: the workers save what they have and end. */
  readonly signal?: AbortSignal
  /** Called for each embed() call, with the process that made it and the number of calls so far. */
  readonly onEmbedded?: (pid: number, computed: number) => void
}

export interface RunResult {
  /** Calls of embed() by all workers, those of workers that died included. */
  readonly computed: number
  /** Chunks met by all workers that lived, each as often as it was met. */
  readonly lookups: number
  readonly embedMs: number
  /** Chunks done twice because a claim ran out, as after a pause of the process. */
  readonly late: number
  /** Workers that died. */
  readonly lost: number
  /** From the moment when all workers were ready until the last was done. */
  readonly elapsedMs: number
  readonly isStopped: boolean
}

const WORKER = fileURLToPath(new URL('./index-worker.ts', import.meta.url))
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

/** Rejects if no worker lived to the end. */
export async function runIndex(options: RunOptions): Promise<RunResult> {
  const { folder, indexPath, workers, signal, onEmbedded } = options
  const tally = { computed: 0, lookups: 0, embedMs: 0, late: 0, done: 0 }
  const children = Array.from({ length: workers }, (_, seed) =>
    fork(WORKER, [folder, indexPath, String(seed)], { execArgv: ['--import', TSX] }),
  )
  const ready = children.map((child) => {
    return Promise.race([once(child, 'message'), once(child, 'exit')])
  })
  // Both: a process may have ended while its last messages are still to be read.
  const ended = children.flatMap((child) => [once(child, 'exit'), once(child, 'disconnect')])
  let doneAt = 0
  for (const child of children) {
    child.on('message', (report: WorkerReport) => {
      if (report.type === 'embedded') {
        tally.computed++
        onEmbedded?.(child.pid!, tally.computed)
      }
      if (report.type !== 'done') return
      doneAt = performance.now()
      tally.done++
      tally.lookups += report.lookups
      tally.embedMs += report.embedMs
      tally.late += report.late
    })
  }
  const stopAll = () => {
    for (const child of children) tell(child, 'stop')
  }
  signal?.addEventListener('abort', stopAll)
  try {
    await Promise.all(ready)
    // Starting Node is not indexing: the clock runs from here.
    const start = performance.now()
    for (const child of children) tell(child, signal?.aborted ? 'stop' : 'go')
    await Promise.all(ended)
    const isStopped = signal?.aborted ?? false
    if (tally.done === 0 && !isStopped) {
      throw new Error('All workers died. What they stored is safe; start again to continue.')
    }
    const { done, ...counts } = tally
    return { ...counts, lost: workers - done, elapsedMs: doneAt - start, isStopped }
  } finally {
    signal?.removeEventListener('abort', stopAll)
  }
}

function tell(child: ChildProcess, order: WorkerOrder): void {
  // One that has ended meanwhile needs no order.
  if (child.connected) child.send(order, () => {})
}
