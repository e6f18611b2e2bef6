import { describe, expect, test } from 'vitest'
import { factsOf, type Look, Reports, shownFacts } from '../../src/cli/top-view.js'
import { systemClock } from '../../src/clock.js'
import type { ProcessReport } from '../../src/engine/activity/activity.js'
import { startChild } from '../processes/child.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'
import { freshPath } from './places.js'
import { persistdict, printed } from './program.js'

const identity = { bootId: 'b', pidNamespace: 'n', host: 'h', startTime: '1' }

function report(pid: number, at: number, counts: Partial<ProcessReport>): ProcessReport {
  const cache = { entries: 3, sizeBytes: 2_048 }
  const none = { hits: 0, misses: 0, commits: 0, failedCommits: 0, pendingWrites: 0, hottest: [] }
  return { ...identity, pid, thread: 0, at, isSweeping: false, cache, ...none, ...counts }
}

function look(at: number, processes: ProcessReport[]): Look {
  const owner = { ...identity, pid: 9 }
  const lease = { name: 'abc', owner, life: 'alive', waiters: 2, deadline: at + 5_000 } as const
  const activity = { processes, leases: [lease] }
  return { at, store: 'lmdb', location: '/x', entries: 7, sizeBytes: 4_096, activity }
}

describe('what top shows', () => {
  test('is what happened between two reports', () => {
    const reports = new Reports()
    const hottest = [{ namespace: ['n'], key: 'k', reads: 4 }]
    factsOf(
      look(1_000, [report(1, 1_000, { hits: 100, misses: 100 }), report(2, 900, {})]),
      reports,
    )
    const second = [
      report(1, 2_000, { hits: 190, misses: 110, commits: 5, hottest, isSweeping: true }),
      report(2, 2_900, { hits: 100, misses: 100, hottest: [...hottest] }),
    ]
    const facts = factsOf(look(3_000, second), reports)
    expect(shownFacts(facts)).toBe(`lmdb /x
7 entries, 4.0 KiB, hit rate 70.0%, sweeper in 1

PID  READS/S   HITS  COMMITS/S  PENDING  CACHED    CACHE
1        100  90.0%          5        0       3  2.0 KiB
2        100  50.0%          0        0       3  2.0 KiB

HOTTEST KEYS  READS
n  k              8

LOCK  HELD BY    LEFT  WAITING
abc   9 (alive)    5s        2
`)
    // Nobody has reported since: the rates stay.
    expect(factsOf(look(3_500, second), reports).hitRate).toBe(facts.hitRate)
  })

  test('says so while nobody has reported', () => {
    expect(shownFacts(factsOf(look(1, []), new Reports()))).toContain(
      'No process has reported yet.',
    )
  })
})

test('top looks again and again, until Ctrl-C', async () => {
  const store = freshPath()
  await printed(['set', store, 'k', '1'], { clock: systemClock })
  const words = ['top', store, '--interval', '0.05', '--json']
  const ending = new AbortController()
  let out = ''
  const watching = persistdict(words, {
    clock: systemClock,
    signal: ending.signal,
    onOutput(text) {
      out = text
      if (JSON.parse(text).entries === 1) ending.abort()
    },
  })
  expect((await watching).code).toBe(130)
  expect(JSON.parse(out)).toMatchObject({ store: 'lmdb', entries: 1, processes: [], locks: [] })
  const table = await printed(['top', store, '--limit', '1'], { clock: systemClock })
  expect(table).toContain('No process has reported yet.')
  expect((await persistdict(['top', store, '--interval', '0'])).code).toBe(2)
})

test('top over Redis shows hit rate, hottest keys and locks of two processes', async () => {
  const prefix = newPrefix()
  const place = `${redisUrl()}?prefix=${prefix}`
  const children = [1, 2].map(() => startChild('redis-reader.mjs', [redisUrl(), prefix]))
  await Promise.all(children.map((child) => child.line((line) => line === 'reading')))
  const ending = new AbortController()
  let shown = ''
  const isWhole = (text: string) =>
    text.split('\n').filter((line) => /^\d+ +\d+ .*%/.test(line)).length === 2 &&
    /^hot +[1-9]/m.test(text) &&
    !text.includes('hit rate –')
  const watching = persistdict(['top', place, '--interval', '0.1'], {
    clock: systemClock,
    signal: ending.signal,
    onOutput(text) {
      shown = text
      if (isWhole(text)) ending.abort()
    },
  })
  expect((await watching).code).toBe(130)
  for (const { process: child } of children) expect(shown).toContain(`\n${child.pid} `)
  expect(shown).toMatch(/hit rate [1-9][0-9.]*%/)
  expect(shown).toContain('LOCK')
  for (const child of children) child.process.stdin?.end()
  for (const { ended } of children) expect(await ended).toMatchObject({ code: 0, stderr: '' })
  // They have taken their reports back.
  const out = await printed(['top', place, '--limit', '1', '--json'], { clock: systemClock })
  expect(JSON.parse(out)).toMatchObject({ store: 'redis', processes: [] })
})
