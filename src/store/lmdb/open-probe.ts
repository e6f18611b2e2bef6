/**
 * Asks LMDB from a process of its own: what would hurt this one hurts only that one; and with another
 * pid it is told whether a reader of this process's pid lives.
 *
 * The caller is inside the gate, and the probe works under that.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

/** As long as an open may take at worst. Whatever the probe has not read by then is not known. */
const READ_FOR_MS = 3_000
const PROBE_TIMEOUT_MS = 15_000

const SCRIPT = `
const [, lmdb, path, task] = process.argv
const { open, ABORT } = require(lmdb)
const binary = { encoding: 'binary', keyEncoding: 'binary' }
const root = open(path, { noSubdir: false, maxDbs: 128, maxReaders: 1024, mapSize: 2 ** 36, overlappingSync: false, ...binary })
root.env.readerCheck()
if (task === 'readers') console.log(root.env.readerList().join(''))
if (task === 'read') {
  const end = performance.now() + ${READ_FOR_MS}
  for (const name of [...root.getKeys()]) {
    const database = root.openDB(String(name), binary)
    for (const { value } of database.getRange({})) {
      for (let at = 0; at < value.length; at += 4096) value[at]
      if (performance.now() > end) break
    }
  }
  root.transactionSync(() => {
    root.openDB('probe', binary).put(Buffer.of(1), Buffer.alloc(100_000))
    return ABORT
  })
}
root.close()
`

/** The pids of all processes that have read this data and live, as the kernel's locks say. */
export function livingReaders(generation: string): ReadonlySet<number> | undefined {
  const { status, stdout } = run(generation, 'readers')
  if (status !== 0) return undefined
  return new Set(Array.from(stdout.matchAll(/^ *(\d+) /gm), ([, pid]) => Number(pid)))
}

/** How a process that reads all of the data dies; undefined if it lives, or cannot be started. */
export function causeOfDeath(generation: string): string | undefined {
  const { status, signal, error, stderr } = run(generation, 'read')
  if (status === 0 || error !== undefined) return undefined
  return signal ?? (stderr.match(/^\w*Error.*/m)?.[0] || `exit code ${status}`)
}

function run(generation: string, task: 'readers' | 'read'): SpawnSyncReturns<string> {
  const lmdb = createRequire(import.meta.url).resolve('lmdb')
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawnSync(process.execPath, ['-e', SCRIPT, lmdb, generation, task], {
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // In Electron, execPath is a browser unless it is told otherwise.
    env: { ...env, ELECTRON_RUN_AS_NODE: '1' },
  })
}
