/** One of the processes over a store, which reads and writes. */
import { type BenchRecord, madeRecords, seededRandom } from '../harness/data.js'
import { KINDS, type SharedKind, type SharedStore } from './kinds.js'

/** What a worker gets, as JSON, in its first argument. */
export interface WorkerOrders {
  /** The same for all: the data. */
  readonly recordsSeed: number
  readonly records: number
  /** Another for each: which keys it takes. */
  readonly seed: number
  readonly operations: number
  /** The part of them that writes. */
  readonly writes: number
}

/** What a worker is asked; it answers each question, in their order. */
export type Question =
  | { readonly ask: 'open'; readonly kind: string; readonly folder: string }
  | { readonly ask: 'round'; readonly kind: string }
  | { readonly ask: 'stop' }

/** Operations between two turns of the event loop, as a server would handle some requests. */
const PER_TURN = 20

const orders = JSON.parse(process.argv[2] ?? '{}') as WorkerOrders
const records = [...madeRecords(seededRandom(orders.recordsSeed), orders.records)]
const stores = new Map<string, SharedStore>()

process.on('message', (message) => {
  void answer(message as Question).then((reply) => process.send?.(reply))
})

async function answer(question: Question): Promise<number> {
  if (question.ask === 'open') {
    const { kind, folder } = question
    stores.set(kind, (KINDS[kind] as SharedKind).open(folder))
  } else if (question.ask === 'round') {
    return round(stores.get(question.kind) as SharedStore)
  } else {
    for (const store of stores.values()) await store.close()
    setImmediate(() => process.disconnect())
  }
  return 0
}

/** The sum of the ids met, which depends on the seed alone. */
async function round(store: SharedStore): Promise<number> {
  const random = seededRandom(orders.seed)
  let sum = 0
  for (let done = 0; done < orders.operations; done++) {
    const [key, record] = records[Math.floor(random() * records.length)] as [string, BenchRecord]
    if (random() < orders.writes) {
      store.set(key, { ...record, score: done })
      sum += record.id
    } else sum += store.get(key)?.id ?? 0
    if (done % PER_TURN === 0) await new Promise(setImmediate)
  }
  await store.done()
  return sum
}
