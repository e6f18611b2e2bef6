/** Our side with promises, over the same store. */
import { type AsyncPersistDict, openAsync } from 'persistdict'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

export type AsyncDict = AsyncPersistDict<Record<string, BenchRecord>>

export function asyncPersistdict(): Kind<Promise<AsyncDict>> {
  return {
    open: (folder) => openAsync<Record<string, BenchRecord>>(folder),
    fill: async (dict, records) => (await dict).setMany(records),
    read: async (dict, key) => (await dict).get(key),
    settle: async (dict) => (await dict).flush(),
    close: async (dict) => (await dict).close(),
  }
}
