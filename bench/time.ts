/**
 * What happens by the clock: how exactly deadlines are kept, what sweeping a million entries costs the
 * event loop, and what a million overwrites of entries with a ttl hold in memory.
 *
 *     npm run bench:time              # about two minutes
 *     npm run bench:time -- 100000    # fewer entries to sweep
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'persistdict'

const SWEPT = Number(process.argv[2] ?? 1_000_000)
const DEADLINES = 300

const folder = mkdtempSync(join(tmpdir(), 'persistdict-time-'))
try {
  await deadlines()
  await sweeping()
  await overwrites()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Entries that expire one by one while the process does nothing else. */
async function deadlines(): Promise<void> {
  const dict = open<Record<string, number>>(join(folder, 'deadlines'), { durability: 'commit' })
  const late: number[] = []
  dict.on('expire', ({ metadata }) => late.push(Date.now() - (metadata?.expiresAt ?? 0)))
  for (let n = 0; n < DEADLINES; n++) dict.set(`k${n}`, n, { ttl: 200 + n * 13 })
  await sleep(200 + DEADLINES * 13 + 500)
  dict.close()
  late.sort((a, b) => a - b)
  const at = (part: number) => late[Math.min(late.length - 1, Math.floor(late.length * part))]
  console.log(
    `expire events after the deadline, ${late.length} of ${DEADLINES}: median ${at(0.5)} ms, 99 % within ${at(0.99)} ms, the latest ${late.at(-1)} ms`,
  )
}

/** Entries that come due all at once, and are swept while nobody calls anything. */
async function sweeping(): Promise<void> {
  const path = join(folder, 'sweeping')
  {
    // Filled by a dict that does not sweep and does not sync: only the sweeping is of interest.
    using dict = open(path, { background: 'disabled', durability: 'commit' })
    const due = dict.namespace<Record<string, number>>('due')
    for (let n = 0; n < SWEPT; n += 10_000) {
      const length = Math.min(10_000, SWEPT - n)
      due.setMany(
        Array.from({ length }, (_, i) => [`k${n + i}`, i] as const),
        { ttl: 1 },
      )
    }
  }
  // What the filling left behind is no part of the sweeping.
  globalThis.gc?.()
  const start = performance.now()
  const dict = open(path)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  // A namespace is listed while it has rows, expired ones included.
  while ([...dict.namespaces()].length > 0) await sleep(250)
  delay.disable()
  const seconds = (performance.now() - start) / 1_000
  const within = [50, 99, 99.9].map((part) => `${part} % within ${ms(delay.percentile(part))}`)
  console.log(
    `sweep of ${SWEPT} due entries: ${seconds.toFixed(1)} s; delays of the event loop: ${within.join(', ')}, the longest ${ms(delay.max)}`,
  )
  dict.close()
}

/** Deadlines that are replaced again and again, while somebody listens for expiries. */
async function overwrites(): Promise<void> {
  const dict = open<Record<string, number>>(join(folder, 'overwrites'), { durability: 'commit' })
  dict.on('expire', () => {})
  const heapUsed = () => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  const before = heapUsed()
  for (let n = 0; n < 1_000_000; n += 10_000) {
    dict.transaction(() => {
      for (let i = 0; i < 10_000; i++) dict.set(`k${i % 1_000}`, n + i, { ttl: 600_000 + i })
    })
    await sleep(0)
  }
  const after = heapUsed()
  console.log(
    `a million overwrites of 1,000 keys with a ttl: ${((after - before) / 2 ** 20).toFixed(1)} MiB more in memory`,
  )
  dict.close()
}

function ms(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toFixed(1)} ms`
}
