/**
 * Processes that all want to write at once, store by store: nothing is lost, nobody is told that the
 * store is busy, and nobody waits for long.
 *
 *     npm run soak:contention -- [--seconds 20] [--processes 8]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lmdbStore, open } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { sqliteStore } from 'persistdict/sqlite'
import type { SyncStore } from 'persistdict/testing'
import { startChild } from '../processes/child.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    processes: { type: 'string', default: '8' },
  },
})
const durationMs = Number(values.seconds) * 1_000
const processes = Number(values.processes)

/** After the end, nobody may take longer to finish. */
const PATIENCE_MS = 60_000

const STORES: readonly (readonly [name: string, at: (place: string) => SyncStore])[] = [
  ['lmdb, commit', lmdbStore],
  ['sqlite, commit', sqliteStore],
  ['sqlite, batched', sqliteStore],
  ['file, commit', fileStore],
  ['file, batched', fileStore],
]

let failed = 0
for (const [store, at] of STORES) {
  const base = mkdtempSync(join(tmpdir(), 'persistdict-contention-'))
  const place = join(base, 'store')
  try {
    const children = Array.from({ length: processes }, () =>
      startChild('hammer.mjs', [store, place, String(durationMs)], {
        deadlineMs: durationMs + PATIENCE_MS,
      }),
    )
    await Promise.all(children.map((child) => child.line((line) => line === 'ready')))
    for (const child of children) child.process.stdin?.write('go\n')
    const ends = await Promise.all(children.map((child) => child.ended))
    const errors = ends.filter(({ code }) => code !== 0)
    for (const { stderr } of errors) console.log(stderr)
    const done = ends
      .filter(({ code }) => code === 0)
      .map(({ stdout }) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Hammered)
    const sum = done.reduce((total, { count }) => total + count, 0)
    using dict = open<Record<string, number>>(at(place))
    const lost = sum - (dict.get('counter') ?? 0)
    const counts = done.map(({ count }) => count)
    const slowestMs = Math.max(...done.map((each) => each.slowestMs))
    console.log(
      `${store}: ${processes} processes, ${sum} increments, ${lost} lost, ${errors.length} errors; ` +
        `between ${Math.min(...counts)} and ${Math.max(...counts)} each, the slowest took ${Math.round(slowestMs)} ms`,
    )
    if (lost !== 0 || errors.length > 0) failed++
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}
process.exitCode = failed > 0 ? 1 : 0

interface Hammered {
  readonly count: number
  readonly slowestMs: number
}
