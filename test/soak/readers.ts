/**
 * Very many processes that read one dict at once: each holds its reader until all have theirs, and each
 * sees the next commit.
 *
 *     npm run soak:readers                     200 processes
 *     npm run soak:readers -- --processes 500
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { open } from 'persistdict'
import { type Child, startChild } from '../processes/child.js'

/** Started at a time: starting is what takes long. */
const WAVE = 10

const { values } = parseArgs({ options: { processes: { type: 'string', default: '200' } } })
const processes = Number(values.processes)
const base = mkdtempSync(join(tmpdir(), 'persistdict-readers-'))
const path = join(base, 'dict')
const dict = open<Record<string, number>>(path)
dict.set('before', 1)
dict.flushSync()

const children: Child[] = []
while (children.length < processes) {
  const wave = Array.from({ length: Math.min(WAVE, processes - children.length) }, () =>
    startChild('reader.mjs', [path], { deadlineMs: 1_200_000 }),
  )
  await Promise.all(wave.map((child) => child.line((line) => line === '1')))
  children.push(...wave)
}
const { readers } = dict.stats().engine as { readers: number }
dict.set('before', 2)
dict.flushSync()
const start = performance.now()
for (const child of children) child.process.stdin?.write('look\n')
await Promise.all(children.map((child) => child.line((line) => line === '2')))
const tookMs = Math.round(performance.now() - start)
for (const child of children) child.process.stdin?.end()
const ends = await Promise.all(children.map((child) => child.ended))
const unwell = ends.filter(({ code, stderr }) => code !== 0 || stderr !== '')
const { findings } = await dict.verify()
dict.close()
rmSync(base, { recursive: true, force: true })

console.log(
  `${processes} processes held ${readers} readers at once; all saw the next commit, in ${tookMs} ms; ${unwell.length} ended badly; ${findings} findings`,
)
process.exitCode = readers > processes && unwell.length === 0 && findings === 0 ? 0 : 1
