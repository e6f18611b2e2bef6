/**
 * `store-writer.mjs PLACE ROUNDS SAID`: commits the numbers from 1 to ROUNDS to a store, one by
 * one. After each it makes the file SAID one byte longer. Also runs as a thread, with the same as
 * workerData.
 */
import { openSync, writeSync } from 'node:fs'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { storeAt } from './store-at.mjs'

const [path, rounds, said] = isMainThread ? process.argv.slice(2) : workerData
const store = storeAt(path)
const descriptor = openSync(said, 'a')
const key = Buffer.from('number')

if (isMainThread) console.log('open')
else parentPort.postMessage('open')
for (let number = 1; number <= Number(rounds); number++) {
  store.transaction('committed', (tx) => {
    tx.put('rows', key, Buffer.from(String(number)), number)
    tx.forget('rows', { key, deadline: number - 1 })
  })
  writeSync(descriptor, '.')
}
store.close()
