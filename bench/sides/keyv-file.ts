/** Keyv over a file, through keyv-file: all entries in memory, and all of them written with each write. */
import { join } from 'node:path'
import Keyv from 'keyv'
import { KeyvFile } from 'keyv-file'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

/** By default it gathers the writes of 100 ms, and each of them waits for that. */
const WRITE_DELAY_MS = 0

export function keyvFile(): Kind<Keyv> {
  return {
    open: (folder) =>
      new Keyv({
        store: new KeyvFile({
          filename: join(folder, 'data.json'),
          writeDelay: WRITE_DELAY_MS,
        }),
      }),
    async fill(keyv, records) {
      await Promise.all(Array.from(records, ([key, value]) => keyv.set(key, value)))
    },
    read: (keyv, key) => keyv.get<BenchRecord>(key),
    settle: () => undefined,
    close: (keyv) => keyv.disconnect(),
  }
}
