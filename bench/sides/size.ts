/** Sides whose cost is the bytes of their files. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OURS, type Side, type Trial } from '../harness/case.js'
import type { Stage } from '../harness/stage.js'
import { empty, type Kind } from './kind.js'
import { lmdb, STRUCTURES } from './lmdb.js'
import { persistdict } from './persistdict.js'
import { sqlite } from './sqlite.js'

/** Bytes are the same in every round. */
const ROUNDS = 1

/** So many records, written in steps of so many. */
export function sizeTrial(stage: Stage, count: number, step: number): Trial {
  const records = stage.records(count)
  const entries = [...records]

  const sized = <T>(name: string, kind: Kind<T>): Side => {
    let folder = ''
    const open = (place: string) => {
      folder = place
      return kind.open(place)
    }
    const side = empty(stage, name, { ...kind, open }, async (store) => {
      for (let start = 0; start < count; start += step) {
        await kind.fill(store, new Map(entries.slice(start, start + step)))
        await kind.settle(store)
      }
      return count
    })
    return { ...side, cost: () => bytesIn(folder) }
  }

  return {
    operations: count,
    answer: count,
    stored: records,
    rounds: ROUNDS,
    sides: [
      sized(OURS, persistdict()),
      sized('lmdb', lmdb()),
      sized('lmdb, structures', lmdb(STRUCTURES)),
      sized('better-sqlite3', sqlite('NORMAL')),
    ],
  }
}

/** Bytes of all files under a directory, lock files included. */
function bytesIn(folder: string): number {
  let sum = 0
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const stats = statSync(join(folder, file))
    if (stats.isFile()) sum += stats.size
  }
  return sum
}
