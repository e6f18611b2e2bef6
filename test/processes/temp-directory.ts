import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** How often to begin anew while somebody makes files in what is being removed. */
const ATTEMPTS = 100
const PAUSE_MS = 50
const nap = new Int32Array(new SharedArrayBuffer(4))

/** A directory of the running test, removed when it ends. Its path has no symbolic links. */
export function tempDirectory(): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'persistdict-'))
  onTestFinished(() => removeAll(path))
  return path
}

/** A process of the test that was killed a moment ago may not be dead yet, and make one more file. */
function removeAll(path: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      rmSync(path, { recursive: true, force: true })
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' || attempt === ATTEMPTS) throw error
      Atomics.wait(nap, 0, 0, PAUSE_MS)
    }
  }
}
