/** The thread that sweeps; see sweep-thread.ts. Nothing imports it: it is started. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import { SweepWork } from '../engine/sweep-work.js'
import { openInTurns } from '../store/lmdb/open-lmdb.js'
import { furtherDue } from './background.js'
import { engineSettings } from './engine-settings.js'
import { share } from './shared-engine.js'
import { BOOTING, OVER, PHASE, STOP, type SweepOrder, WORKING } from './sweep-thread.js'

/** A step commits, and the commit takes as long for few rows as for many. */
const ROWS = 512
/** Between steps, in multiples of what one took: others want to write, too. */
const PAUSE = 1

const { path, options, turns, busyTimeoutMs, control } = workerData as SweepOrder
const cells = new Int32Array(control)

if (Atomics.compareExchange(cells, PHASE, BOOTING, WORKING) === BOOTING) {
  try {
    sweep()
  } finally {
    Atomics.store(cells, PHASE, OVER)
    Atomics.notify(cells, PHASE)
  }
}

function sweep(): void {
  const { engine, leasing, accessTimes, release } = share(
    openInTurns(path, turns, busyTimeoutMs),
    engineSettings(options),
  )
  try {
    const work = new SweepWork(engine, leasing.table, furtherDue(engine, accessTimes))
    const isStopped = () => Atomics.load(cells, STOP) === 1
    if (isStopped() || !work.claim()) return
    let removed = 0
    for (let state = 'more'; state === 'more' && !isStopped(); ) {
      const start = systemClock.monotonic()
      state = work.step(ROWS).state
      const tookMs = systemClock.monotonic() - start
      parentPort?.postMessage({ location: path, removed: work.removed - removed, tookMs })
      removed = work.removed
      Atomics.wait(cells, STOP, 0, tookMs * PAUSE)
    }
    work.release()
  } finally {
    release()
  }
}
