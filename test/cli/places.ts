/** A place for a store of each kind, as words of a command line. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'

let folder: string | undefined
let places = 0

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

/** A path in a directory of this test file where nothing is yet. */
export function freshPath(suffix = ''): string {
  folder ??= mkdtempSync(join(tmpdir(), 'persistdict-cli-'))
  return join(folder, `${++places}${suffix}`)
}

export const PLACES: Readonly<Record<string, () => string>> = {
  lmdb: () => freshPath(),
  file: () => `file:${freshPath()}`,
  sqlite: () => `sqlite:${freshPath('.db')}`,
  redis: () => `${redisUrl()}?prefix=${newPrefix()}`,
}
