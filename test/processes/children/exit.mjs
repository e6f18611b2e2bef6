/**
 * `exit.mjs {"PATH":"DURABILITY"} WAY`: writes to a dict at each path, and ends that way at once. Also its
 * own worker thread.
 * Every key is written right before the end, so that only the exit hook can save it.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { open } from 'persistdict'

const [places, way] = isMainThread ? process.argv.slice(2) : workerData

const WAYS = {
  natural() {
    save('main')
  },
  exit() {
    save('main')
    process.exit(0)
  },
  'exit with a code'() {
    save('main')
    process.exit(3)
  },
  'exit in a later turn'() {
    save('main')
    setTimeout(() => {
      save('later')
      process.exit(0)
    }, 1)
  },
  throw() {
    save('main')
    throw new Error('thrown on purpose')
  },
  'throw in a timer'() {
    save('main')
    setTimeout(() => {
      save('later')
      throw new Error('thrown on purpose')
    }, 1)
  },
  reject() {
    save('main')
    Promise.reject(new Error('rejected on purpose'))
  },
  'exit listener'() {
    // A listener of the program that came first must find the dict as it left it.
    process.on('exit', () => console.log('program listener ran'))
    save('main')
  },
  'exit in transaction'() {
    save('main')
    dicts()[0].transaction((inside) => {
      inside.set('half', 'done')
      process.exit(0)
    })
  },
  'exit in transaction over pending writes'() {
    exitInTransaction()
  },
  'worker natural': () => withWorker('natural'),
  'worker exit': () => withWorker('exit'),
  'worker throw': () => withWorker('throw'),
  'worker alone natural': () => withWorker('natural', false),
  'worker alone exit': () => withWorker('exit', false),
  'worker exit in transaction over pending writes'() {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: [places, 'exit in transaction over pending writes'],
    })
    worker.on('error', (error) => console.log(`worker error: ${error.message}`))
    worker.on('exit', (code) => process.exit(code))
  },
}

const IN_WORKER = {
  'exit in transaction over pending writes'() {
    exitInTransaction()
  },
  natural() {
    save('worker')
  },
  exit() {
    save('worker')
    process.exit(0)
  },
  throw() {
    save('worker')
    throw new Error('thrown on purpose')
  },
}

if (isMainThread) WAYS[way]()
else {
  IN_WORKER[way]()
  parentPort?.unref()
}

/** Two transactions deep, where somebody catches everything, and with writes pending in both stores. */
function exitInTransaction() {
  process.on('exit', (code) => console.log(`program listener ran: ${code}`))
  const [first, second] = dicts()
  first.set('pending', 1)
  second.set('pending', 2)
  first.transaction(() => {
    first.set('half', 'done')
    second.update('half', () => {
      try {
        process.exit(3)
      } catch (error) {
        throw new Error('another', { cause: error })
      }
      return 'done'
    })
  })
  console.log('went on')
}

function dicts() {
  return Object.entries(JSON.parse(places)).map(([path, durability]) => open(path, { durability }))
}

function save(name) {
  for (const target of dicts()) {
    for (let at = 0; at < 100; at++) target.set(`${name} ${at}`, { at })
    target.set('overwritten', 'old')
    target.set('overwritten', name)
    target.set('deleted', 'x')
    target.delete('deleted')
  }
}

/** The main thread may have the dict open, too: then one environment serves both. */
function withWorker(inWorker, mainToo = true) {
  if (mainToo) save('main')
  const worker = new Worker(new URL(import.meta.url), { workerData: [places, inWorker] })
  worker.on('error', (error) => console.log(`worker error: ${error.message}`))
  worker.on('exit', (code) => {
    console.log(`worker exit: ${code}`)
    // The thread that is left goes on, reads what the other wrote, and saves more.
    for (const dict of dicts()) {
      if (dict.get('worker 99')?.at !== 99) throw new Error('the write of the worker is not there')
    }
    save('after')
  })
}
