/** Processes that load one store for a while, and tell how late their timers were. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const LOADER = fileURLToPath(new URL('./loader.ts', import.meta.url))

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

/** The loads of so many processes, which run at the same time. Rejects if one of them dies. */
export function loadsOf(processes: number, orders: LoadOrders): Promise<Load[]> {
  return Promise.all(Array.from({ length: processes }, (_, index) => loadOf(orders, index)))
}

function loadOf(orders: LoadOrders, index: number): Promise<Load> {
  return new Promise((resolve, reject) => {
    const child = fork(LOADER, [JSON.stringify(orders), String(index)], {
      execArgv: ['--import', 'tsx'],
    })
    child.once('message', (message) => resolve(message as Load))
    child.once('exit', (code) => reject(new Error(`A loader ended with ${code}.`)))
  })
}
