/** unstorage with its driver for files: one file a key, nothing atomic. */

import { createStorage, type Storage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

export function unstorageFiles(): Kind<Storage<BenchRecord>> {
  return {
    open: (folder) =>
      createStorage<BenchRecord>({ driver: fsDriver({ base: folder, noClear: true }) }),
    async fill(storage, records) {
      for (const [key, value] of records) await storage.setItem(key, value)
    },
    read: (storage, key) => storage.getItem(key),
    settle: () => undefined,
    close: (storage) => storage.dispose(),
  }
}
