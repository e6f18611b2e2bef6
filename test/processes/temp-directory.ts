import { chmodSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** How often to begin anew while somebody makes files in what is being removed. */
const ATTEMPTS = 100
const PAUSE_MS = 50
const nap = new Int32Array(new SharedArrayBuffer(4))

/** A directory of the running test, removed when it ends. Its path has no symbolic links. */
export function tempDirectory(within = tmpdir()): string {
  const path = mkdtempSync(join(realpathSync(within), 'persistdict-'))
  onTestFinished(() => removeAll(path))
  return path
}

/** One in which any user may do anything, though the place for temporary files may be this user's own. */
export function commonDirectory(): string {
  const path = tempDirectory(isReachable(realpathSync(tmpdir())) ? tmpdir() : '/tmp')
  chmodSync(path, 0o777)
  return path
}

function isReachable(path: string): boolean {
  const isOpen = (statSync(path).mode & 0o001) !== 0
  return isOpen && (path === dirname(path) || isReachable(dirname(path)))
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
