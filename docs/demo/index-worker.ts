/**
 * One of the processes that index a folder: `index-worker.ts FOLDER INDEX SEED`, forked by index-run.ts.
 *
 * It walks all documents, in an order of its own, and embeds what nobody else has embedded or claimed.
 * It ends when every chunk of every document is in the index, whoever put it there; if an owner dies,
 * whoever waits for its chunks takes them over. Told to stop, it saves what it has and gives back
 * what it has not.
 */
import { setImmediate as endOfTurn, setTimeout as pause } from 'node:timers/promises'
import { chunksOf } from './chunk.js'
import { BATCH_CHUNKS, ChunkIndex, type EmbeddedChunk, type FoundChunk } from './chunk-index.js'
import { embed } from './embed.js'
import { markdownPaths, readMarkdown } from './markdown.js'

export type WorkerOrder = 'go' | 'stop'

export type WorkerReport =
  | { readonly type: 'ready' }
  /** One embed() call was made. Sent each time: a worker that is killed later has still told. */
  | { readonly type: 'embedded' }
  | ({ readonly type: 'done' } & WorkerTally)

export interface WorkerTally {
  /** Chunks met in documents, each as often as it was met. */
  readonly lookups: number
  readonly embedMs: number
  /** Chunks that another process did as well, because our claim ran out. */
  readonly late: number
}

/** How soon to look again at chunks that another process is embedding. */
const LOOK_AGAIN_MS = 10

const [folder = '', indexPath = '', seed = ''] = process.argv.slice(2)

using index = new ChunkIndex(indexPath)
let isStopping = false
let lookups = 0
let embedMs = 0
let late = 0

const stop = () => {
  isStopping = true
}
// Ctrl-C reaches all processes of a terminal. If the parent is gone, nobody is left to work for.
process.on('SIGINT', stop).on('disconnect', stop)
await new Promise<void>((resolve) => {
  process.on('message', (order: WorkerOrder) => {
    if (order === 'stop') stop()
    resolve()
  })
  process.on('disconnect', resolve)
  void report({ type: 'ready' })
})
await indexAll()
await report({ type: 'done', lookups, embedMs, late })
if (process.connected) process.disconnect()

async function indexAll(): Promise<void> {
  let missing = new Map<string, FoundChunk>()
  for (const path of shuffled(markdownPaths(folder), seed)) {
    if (isStopping) return
    for (const chunk of missingOf(path)) missing.set(chunk.key, chunk)
    if (missing.size >= BATCH_CHUNKS) missing = await embedClaimable(missing)
  }
  while (missing.size > 0 && !isStopping) {
    const left = await embedClaimable(missing)
    // The rest is in the hands of others, who finish it, die or let their claims run out.
    if (left.size === missing.size) await pause(LOOK_AGAIN_MS)
    missing = left
  }
}

/** The chunks of a document that are not in the index. */
function missingOf(path: string): FoundChunk[] {
  const chunks = chunksOf(readMarkdown(folder, path).text)
  lookups += chunks.length
  // The vectors, not only whether they are there: a hit is to have what would have been computed.
  const vectors = index.vectors.getMany(chunks.map(({ key }) => key))
  return chunks.flatMap((chunk, i) => (vectors[i] === undefined ? [{ ...chunk, file: path }] : []))
}

/** Embeds what can be claimed, batch by batch. Returns what others have claimed and not finished. */
async function embedClaimable(
  missing: ReadonlyMap<string, FoundChunk>,
): Promise<Map<string, FoundChunk>> {
  const wanted = [...missing.values()]
  for (let at = 0; at < wanted.length && !isStopping; at += BATCH_CHUNKS) {
    const claimed = index.claim(wanted.slice(at, at + BATCH_CHUNKS))
    if (claimed.length > 0) await embedBatch(claimed)
  }
  const done = index.vectors.hasMany(missing.keys())
  return new Map([...missing].filter((_, i) => !done[i]))
}

async function embedBatch(claimed: readonly FoundChunk[]): Promise<void> {
  const embedded: EmbeddedChunk[] = []
  const msBefore = embedMs
  for (const chunk of claimed) {
    if (isStopping) break
    const start = performance.now()
    embedded.push({ chunk, vector: embed(`${chunk.heading}\n${chunk.text}`) })
    embedMs += performance.now() - start
    void report({ type: 'embedded' })
    // Lets signals and orders in.
    await endOfTurn()
  }
  late += index.finish(claimed, embedded, embedMs - msBefore)
}

/** The same paths in an order that depends on the seed. */
function shuffled(paths: readonly string[], seed: string): string[] {
  let state = Number(seed) + 1
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const order = [...paths]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}

/** Resolves when the message is on its way; that the parent has just died is no error of ours. */
function report(message: WorkerReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve())
    else resolve()
  })
}
