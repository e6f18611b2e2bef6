/**
 * A handler in a worker thread of its own, which really ends when its time is up.
 *
 * The thread imports the module and calls its default export with a plain copy of each event, one at
 * a time. It is started by the first event, and again after it was terminated. It keeps no process
 * alive.
 */
import { Worker } from 'node:worker_threads'
import type { Handler } from './dict-events.js'
import { EntryEvent } from './entry-event.js'

/** CommonJS, as code that is given to a worker as text must be. Its only words: "done", or an error. */
const WORKER_CODE = `
const { parentPort, workerData } = require('node:worker_threads')
const loaded = import(workerData)
loaded.catch(() => {})
parentPort.on('message', async (event) => {
  try {
    const { default: handler } = await loaded
    if (typeof handler !== 'function') throw new TypeError(workerData + ' has no function as its default export')
    await handler(event)
    parentPort.postMessage(undefined)
  } catch (error) {
    parentPort.postMessage({ error: error instanceof Error ? error : new Error(String(error)) })
  }
})
`

export class IsolatedHandler {
  readonly #module: URL
  #worker: Worker | undefined

  constructor(module: URL) {
    this.#module = module
  }

  /** Resolves when the module's handler is done with the event; rejects with what it threw. */
  readonly handle: Handler<unknown> = (event, { signal }) => {
    this.#worker ??= this.#started()
    const worker = this.#worker
    return new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => this.terminate(), { once: true })
      // One event at a time: what comes next from the worker is about this one.
      worker.removeAllListeners('message')
      worker.removeAllListeners('exit')
      worker.once('message', (answer?: { readonly error: unknown }) => {
        if (answer === undefined) resolve()
        else reject(answer.error)
      })
      worker.once('exit', () => {
        this.#forget(worker)
        reject(new Error('its worker thread has ended'))
      })
      worker.postMessage(plainEvent(event))
    })
  }

  /** Ends the thread, in the middle of whatever it does. */
  terminate(): void {
    const worker = this.#worker
    this.#worker = undefined
    // Resolves when it has ended, and has no way to fail.
    void worker?.terminate()
  }

  #started(): Worker {
    const worker = new Worker(WORKER_CODE, { eval: true, workerData: this.#module.href })
    worker.unref()
    // It exits next, which is told. Without a listener an uncaught exception there would be one here.
    worker.on('error', () => this.#forget(worker))
    return worker
  }

  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined
  }
}

function plainEvent(event: unknown): unknown {
  if (!(event instanceof EntryEvent)) return event
  const { event: name, key, namespace, value, metadata } = event
  return { event: name, key, namespace: [...namespace], value, metadata }
}
