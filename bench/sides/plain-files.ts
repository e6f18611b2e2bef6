/** A file for each key, as JSON, with nothing around it: written anew and renamed. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

export class PlainFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = join(folder, 'files')
    mkdirSync(this.#folder)
  }

  get(key: string): BenchRecord {
    return JSON.parse(readFileSync(this.#fileOf(key), 'utf8')) as BenchRecord
  }

  set(key: string, value: BenchRecord): void {
    const file = this.#fileOf(key)
    writeFileSync(`${file}.new`, JSON.stringify(value))
    renameSync(`${file}.new`, file)
  }

  #fileOf(key: string): string {
    return join(this.#folder, encodeURIComponent(key))
  }
}

export function plainFiles(): Kind<PlainFiles> {
  return {
    open: (folder) => new PlainFiles(folder),
    fill: (files, records) => {
      for (const [key, value] of records) files.set(key, value)
    },
    // A key that must be absent has no file.
    read: (files, key) => files.get(key),
    settle: () => undefined,
    close: () => undefined,
  }
}
