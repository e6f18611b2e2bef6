import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory of the running test, removed when it ends. Its path has no symbolic links. */
export function tempDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'persistdict-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}
