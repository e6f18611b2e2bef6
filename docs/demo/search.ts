/** The chunks that are most like a query. */
import type { ChunkIndex, StoredChunk } from './chunk-index.js'
import { embed, similarity } from './embed.js'

export interface Hit extends StoredChunk {
  /** The cosine of the angle between query and chunk: 1 for the same words, about 0 for none. */
  readonly score: number
}

/** At most `limit` hits, the best first. Looks at every vector: a few milliseconds per thousand. */
export function search(index: ChunkIndex, query: string, limit: number): Hit[] {
  const wanted = embed(query)
  const best: { key: string; score: number }[] = []
  for (const [key, vector] of index.vectors.entries()) {
    const score = similarity(wanted, vector)
    if (best.length === limit && score <= best[limit - 1]!.score) continue
    best.push({ key, score })
    best.sort((a, b) => b.score - a.score)
    best.length = Math.min(best.length, limit)
  }
  return best.flatMap(({ key, score }) => {
    const chunk = index.chunks.get(key)
    return chunk === undefined ? [] : [{ ...chunk, score }]
  })
}
