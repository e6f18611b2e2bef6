/** Our side. */
import { type OpenOptions, open, type PersistDict } from 'persistdict'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

export type Dict = PersistDict<Record<string, BenchRecord>>

export function persistdict(
  options: OpenOptions<Record<string, BenchRecord>, string> = {},
): Kind<Dict> {
  return {
    open: (folder) => open<Record<string, BenchRecord>, string>(folder, options),
    fill: (dict, records) => dict.setMany(records),
    read: (dict, key) => dict.get(key),
    settle: (dict) => dict.flush(),
    close: (dict) => dict.close(),
  }
}
