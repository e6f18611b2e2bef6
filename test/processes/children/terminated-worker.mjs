/** `terminated-worker.mjs PATH`: threads that have the dict open are terminated; the main one goes on. */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { open } from 'persistdict'

const ROUNDS = 10

if (isMainThread) {
  const path = process.argv[2]
  const dict = open(path)
  for (let at = 0; at < ROUNDS; at++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { path, at } })
    await once(worker, 'message')
    // Idle: a thread that is terminated inside a transaction never lets go of LMDB's lock.
    await worker.terminate()
    if (dict.get(`worker ${at}`) !== 'committed') throw new Error('the write is not there')
    dict.set('main', at)
    dict.flushSync()
  }
  dict.close()
  console.log('main went on')
} else {
  const { path, at } = workerData
  const dict = open(path)
  dict.set(`worker ${at}`, 'committed')
  dict.flushSync()
  parentPort.on('message', () => {})
  parentPort.postMessage('idle')
}
