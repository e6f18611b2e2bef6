/** What keeps values in this process's memory: the least that a read can cost. */
import type { Side } from '../harness/case.js'
import type { BenchRecord, Records } from '../harness/data.js'

interface MapLike {
  get(key: string): unknown
  set(key: string, value: BenchRecord): unknown
}

/** A side over a Map, or what looks like one, filled at once. */
export function inMemory<M extends MapLike>(
  name: string,
  map: M,
  records: Records,
  run: (map: M) => number,
): Side {
  for (const [key, value] of records) map.set(key, value)
  return { name, run: () => run(map), read: (key) => map.get(key) }
}

export type View = Readonly<Record<string, BenchRecord | undefined>>

/** A side over the simplest object face that a Map can have. */
export function proxyOverMap(records: Records, run: (view: View) => number): Side {
  const map = new Map<string | symbol, BenchRecord>(records)
  const view = new Proxy({}, { get: (_target, key) => map.get(key) }) as View
  return { name: 'Proxy over a Map', run: () => run(view), read: (key) => view[key] }
}
