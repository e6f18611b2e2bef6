/**
 * Processes that load one store for a while, and tell how late their timers were.
 *
 * All have the store open before the first begins, and none closes it before the last has ended: raw lmdb
 * loses commits and damages its pages where one opens while another writes (ITS#9496).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once, setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'

const LOADER = fileURLToPath(new URL('./loader.ts', import.meta.url))
/** Beyond the time of the load: a store that has not answered by then does not answer at all. */
const PATIENCE_MS = 60_000

export interface LoadOrders {
  readonly kind: string
  readonly folder: string
  readonly seconds: number
  readonly recordsSeed: number
  readonly records: number
}

/** Milliseconds, but for `operations`. */
export interface Load {
  readonly operations: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** The loads of so many processes, which run at the same time. Rejects if one of them dies or hangs. */
export async function loadsOf(processes: number, orders: LoadOrders): Promise<Load[]> {
  const loaders = Array.from({ length: processes }, (_, index) =>
    fork(LOADER, [JSON.stringify(orders), String(index)], { execArgv: ['--import', 'tsx'] }),
  )
  const patience = AbortSignal.timeout(orders.seconds * 1_000 + PATIENCE_MS)
  setMaxListeners(0, patience)
  const answers = () => Promise.all(loaders.map((loader) => answerOf(loader, patience)))
  try {
    await answers()
    const loads = answers()
    for (const loader of loaders) loader.send('begin')
    const result = (await loads) as Load[]
    const ends = Promise.all(loaders.map((loader) => once(loader, 'exit', { signal: patience })))
    for (const loader of loaders) loader.send('close')
    await ends
    return result
  } finally {
    for (const loader of loaders) loader.kill('SIGKILL')
  }
}

/** The next message of a loader. */
function answerOf(loader: ChildProcess, patience: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`a loader ended with ${code}`))
    loader.once('exit', died)
    loader.once('message', (message) => {
      loader.off('exit', died)
      resolve(message)
    })
    patience.addEventListener('abort', () => reject(new Error('a loader hangs')))
  })
}
