/** Setting and reading large values without a read cache: what copying and encoding bytes costs. */

import type { RootDatabase } from 'lmdb'
import { type OpenOptions, open as openDict } from 'persistdict'
import { OURS, type Side } from '../harness/case.js'
import type { Stage } from '../harness/stage.js'
import { empty, type Kind } from './kind.js'
import { lmdb } from './lmdb.js'

/** So that typed arrays come back as such. The types of lmdb do not know what msgpackr takes. */
const TYPED = { encoder: { useRecords: false, moreTypes: true } } as Parameters<typeof lmdb>[0]

type Values<V> = ReadonlyMap<string, V>

function onDict<V>(): Kind<ReturnType<typeof openDict<Record<string, V>, string>>, V> {
  const options: OpenOptions<Record<string, V>, string> = { cache: { maxEntries: 0 } }
  return {
    open: (folder) => openDict<Record<string, V>, string>(folder, options),
    fill: (dict, values) => dict.setMany(values as Iterable<[string, V]>),
    read: (dict, key) => dict.get(key),
    settle: (dict) => dict.flush(),
    close: (dict) => dict.close(),
  }
}

/** Each value is set, brought to disk with the others, and read once; `look` is what a reader takes of it. */
export function bigValueSides<V>(
  stage: Stage,
  values: Values<V>,
  look: (value: V) => number,
): Side[] {
  const sumOf = (get: (key: string) => unknown) => {
    let sum = 0
    for (const key of values.keys()) sum += look(get(key) as V)
    return sum
  }
  return [
    empty(stage, OURS, onDict<V>(), async (dict) => {
      for (const [key, value] of values) dict.set(key, value)
      await dict.flush()
      return sumOf((key) => dict.get(key))
    }),
    empty(stage, 'lmdb', lmdb<V>(TYPED) as Kind<RootDatabase<V, string>, V>, async (db) => {
      for (const [key, value] of values) void db.put(key, value)
      await db.flushed
      return sumOf((key) => db.get(key))
    }),
  ]
}
