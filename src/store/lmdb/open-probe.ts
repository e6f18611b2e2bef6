/**
 * Asks LMDB from a process of its own: what would hurt this one hurts only that one; and with another
 * pid it is told whether a reader of this process's pid lives.
 *
 * That takes from a tenth of a second to seconds, and nobody else may wait for it: the caller is outside
 * the gate. The probe goes through the gate itself, while it opens, closes and begins to write.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { GATE_FLAGS, GATE_KEY_BYTES, GATE_OPTIONS } from './gate.js'

/** As long as an open may take at worst. Whatever the probe has not read by then is not known. */
const READ_FOR_MS = 3_000
const PROBE_TIMEOUT_MS = 15_000

const SCRIPT = `
const { existsSync } = require('node:fs')
const [, lmdb, gateFile, path, task] = process.argv
const { open, ABORT, nativeAddon } = require(lmdb)
const gate = new nativeAddon.Env()
const keyBytes = Buffer.allocUnsafeSlow(${GATE_KEY_BYTES})
gate.open({ path: gateFile, keyBytes, ...${JSON.stringify(GATE_OPTIONS)} }, ${GATE_FLAGS}, 0)
const within = (fn) => {
  gate.beginTxn(2)
  if (gate.getWriteTxnId() === 0) throw new Error('The gate could not be entered.')
  try {
    return fn()
  } finally {
    gate.commitTxn()
  }
}
const binary = { encoding: 'binary', keyEncoding: 'binary' }
// A compaction may have taken the place of what was asked about.
const attempt = () => existsSync(path + '/data.mdb') && open(path, { noSubdir: false, maxDbs: 128, maxReaders: 1024, mapSize: 2 ** 36, overlappingSync: false, ...binary })
const root = within(attempt)
if (!root) process.exit(0)
root.env.readerCheck()
if (task === 'readers') console.log(root.env.readerList().join(''))
if (task === 'read') {
  const end = performance.now() + ${READ_FOR_MS}
  for (const name of [...root.getKeys()]) {
    const database = within(() => root.openDB(String(name), binary))
    try {
      for (const { value } of database.getRange({})) {
        for (let at = 0; at < value.length; at += 4096) value[at]
        if (performance.now() > end) break
      }
    } catch {
      // What is an error here is one for whoever reads it, and ends nobody.
    }
  }
  within(() => root.transactionSync(() => {
    root.openDB('probe', binary).put(Buffer.of(1), Buffer.alloc(100_000))
    return ABORT
  }))
}
within(() => root.close())
`

/** The pids of all processes that have read this data and live, as the kernel's locks say. */
export function livingReaders(
  gateFile: string,
  generation: string,
): ReadonlySet<number> | undefined {
  const { status, stdout } = run(gateFile, generation, 'readers')
  if (status !== 0) return undefined
  return new Set(Array.from(stdout.matchAll(/^ *(\d+) /gm), ([, pid]) => Number(pid)))
}

/** How a process that reads all of the data dies; undefined if it lives, or cannot be started. */
export function causeOfDeath(gateFile: string, generation: string): string | undefined {
  const { status, signal, error, stderr } = run(gateFile, generation, 'read')
  if (status === 0 || error !== undefined) return undefined
  return signal ?? (stderr.match(/^\w*Error.*/m)?.[0] || `exit code ${status}`)
}

function run(
  gateFile: string,
  generation: string,
  task: 'readers' | 'read',
): SpawnSyncReturns<string> {
  const lmdb = createRequire(import.meta.url).resolve('lmdb')
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawnSync(process.execPath, ['-e', SCRIPT, lmdb, gateFile, generation, task], {
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    // In Electron, execPath is a browser unless it is told otherwise.
    env: { ...env, ELECTRON_RUN_AS_NODE: '1' },
  })
}
