/** The harness judges others, so it is judged here. Nothing in this file depends on a real clock. */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CASES } from '../../bench/cases.js'
import { type Baseline, movedBaseline, regressions } from '../../bench/harness/baseline.js'
import type { BenchCase, Side, Trial } from '../../bench/harness/case.js'
import { readCommand } from '../../bench/harness/command-line.js'
import { madeRecords, seededRandom, shuffled } from '../../bench/harness/data.js'
import { measure, WrongAnswerError } from '../../bench/harness/measure.js'
import { benchmarksPage } from '../../bench/harness/page.js'
import { caseText } from '../../bench/harness/print.js'
import { caseResult } from '../../bench/harness/result.js'
import { keepingSections, withSection } from '../../bench/harness/sections.js'
import { median, ratio, verdict } from '../../bench/harness/stats.js'

describe('statistics', () => {
  test('median() is the middle value, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 9, 1, 2])).toBe(5.5)
    expect(() => median([])).toThrow(RangeError)
  })

  test("ratio() divides the rival's cost by ours within each round", () => {
    expect(ratio([1, 2, 4], [2, 2, 2])).toEqual({ median: 1, min: 0.5, max: 2, ofBests: 2 })
    expect(() => ratio([1], [1, 2])).toThrow(RangeError)
  })

  test('verdict() is a win above 1, a loss below, and even nearby', () => {
    const verdicts = [2, 1.04, 0.96, 0.5].map((median) => verdict({ median }))
    expect(verdicts).toEqual(['wins', 'even', 'even', 'loses'])
  })
})

describe('measure()', () => {
  test('measure() lets the sides take turns, another first in each round', async () => {
    const { trial, log } = fakeTrial({ a: 1, b: 2 })
    await measure(trial, { rounds: 3, budgetMs: 1_000, now: log.now })
    expect(log.runs.join(' ')).toBe('a b a b b a a b')
  })

  test('measure() gives nanoseconds per operation, the warm-up left out', async () => {
    const { trial, log } = fakeTrial({ a: 3, b: 6 })
    const [a, b] = await measure(trial, { rounds: 4, budgetMs: 1_000, now: log.now })
    expect(a).toEqual({ name: 'a', costs: Array(4).fill(3e6 / trial.operations) })
    expect(b).toEqual({ name: 'b', costs: Array(4).fill(6e6 / trial.operations) })
  })

  test('measure() stops when its time is up, but not before three rounds', async () => {
    const { trial, log } = fakeTrial({ a: 100 })
    const [a] = await measure(trial, { rounds: 50, budgetMs: 1, now: log.now })
    expect(a?.costs).toHaveLength(3)
  })

  test('measure() takes the cost that a side names instead of its time', async () => {
    const { trial, log } = fakeTrial({ a: 1 })
    const sides = trial.sides.map((side) => ({ ...side, cost: () => 5_000 }))
    const [a] = await measure({ ...trial, sides, rounds: 1 }, { ...OPTIONS, now: log.now })
    expect(a?.costs).toEqual([5_000 / trial.operations])
  })

  test('measure() refuses a side that answers wrongly', async () => {
    const { trial } = fakeTrial({ a: 1, b: 1 }, { b: { run: () => 41 } })
    await expect(measure(trial, OPTIONS)).rejects.toThrow('b answered 41, which should be 42.')
  })

  test('measure() refuses a side whose answer goes wrong later', async () => {
    let runs = 0
    const { trial } = fakeTrial({ a: 1, b: 1 }, { a: { run: () => (++runs < 3 ? 42 : 0) } })
    await expect(measure(trial, OPTIONS)).rejects.toThrow(WrongAnswerError)
  })

  test('measure() refuses a side that stored something else', async () => {
    const { trial } = fakeTrial({ a: 1, b: 1 }, { b: { read: () => ({ n: 8 }) } })
    await expect(measure(trial, OPTIONS)).rejects.toThrow(
      'b has {"n":8} under "key", which should be {"n":7}.',
    )
  })

  test('measure() refuses a side that has what was deleted', async () => {
    const { trial } = fakeTrial({ a: 1, b: 1 }, { b: { read: () => ({ n: 7 }) } })
    await expect(measure(trial, OPTIONS)).rejects.toThrow('b has {"n":7} under "gone"')
  })

  test('measure() refuses a side that cannot be read back', async () => {
    const { trial } = fakeTrial({ a: 1 })
    const sides = trial.sides.map(({ name, run }) => ({ name, run }))
    await expect(measure({ ...trial, sides }, OPTIONS)).rejects.toThrow('a cannot be read back.')
  })
})

describe('results', () => {
  const BENCH: BenchCase = {
    what: 'something',
    goals: [
      { rival: 'quick', ratioAtLeast: 0.9 },
      { rival: 'slow', extraAtMost: 1 },
      { costAtMost: 100 },
    ],
    setUp: () => fakeTrial({}).trial,
  }
  const MEASURED = [
    { name: 'persistdict', costs: [10, 20, 10] },
    { name: 'quick', costs: [5, 5, 5] },
    { name: 'slow', costs: [40, 40, 40] },
  ]
  const result = caseResult('case', BENCH, 1_000, MEASURED)

  test('caseResult() judges each rival and each goal', () => {
    expect(result.goals.map(({ outcome }) => outcome)).toEqual(['met'])
    expect(result.rivals).toMatchObject([
      { name: 'quick', verdict: 'loses', ratio: { median: 0.5, min: 0.25 } },
      { name: 'slow', verdict: 'wins', ratio: { median: 4, max: 4 } },
    ])
    const outcomes = result.rivals.map(({ goals }) => goals.map(({ outcome }) => outcome))
    expect(outcomes).toEqual([['missed'], ['met']])
  })

  test('caseResult() refuses a goal against a rival that does not take part', () => {
    const bench = { ...BENCH, goals: [{ rival: 'quikc', ratioAtLeast: 1 }] }
    expect(() => caseResult('case', bench, 1, MEASURED)).toThrow(RangeError)
  })

  test('caseText() shows the ratio, its spread, who wins, and the goal', () => {
    const text = caseText(result)
    expect(text).toContain('0.50x (0.25–0.50, bests 0.50) loses [goal ≥ 0.90x: missed]')
    expect(text).toContain('4.00x (2.00–4.00, bests 4.00) wins [goal ≤ 1.00 ns more: met]')
    expect(caseText({ name: 'x', refused: 'Wrong.' })).toBe('x: REFUSED. Wrong.\n')
  })

  test('benchmarksPage() has a row for every rival, also where we lose', () => {
    const page = benchmarksPage('A machine.', [result])
    const rows = page.split('\n').filter((line) => line.startsWith('| '))
    expect(rows.slice(2)).toEqual([
      '| case | 10.0 ns, 100 M/s | quick | 5.00 ns, 200 M/s | 0.50x (0.25–0.50, bests 0.50) | **loses** | ≤ 100 ns: met, ≥ 0.90x: missed |',
      '|  |  | slow | 40.0 ns, 25.0 M/s | 4.00x (2.00–4.00, bests 4.00) | wins | ≤ 1.00 ns more: met |',
    ])
    expect(page).toContain('A machine.')
  })
})

describe('the baseline', () => {
  const BENCH: BenchCase = { what: 'something', setUp: () => fakeTrial({}).trial }
  const resultOf = (name: string, cost: number) =>
    caseResult(name, BENCH, 1, [
      { name: 'persistdict', costs: [cost, cost, cost] },
      { name: 'lmdb', costs: [10, 10, 10] },
      { name: 'lru-cache', costs: [5, 5, 5] },
      { name: 'better-sqlite3', costs: [30, 30, 30] },
    ])

  test('movedBaseline() notes ratios to lmdb and lru-cache, and keeps those of other cases', () => {
    const before: Baseline = { machine: 'old', ratios: { kept: { lmdb: 2 }, get: { lmdb: 3 } } }
    expect(movedBaseline(before, 'new', [resultOf('get', 20)])).toEqual({
      machine: 'new',
      ratios: { kept: { lmdb: 2 }, get: { lmdb: 0.5, 'lru-cache': 0.25 } },
    })
  })

  test('regressions() are ratios more than 1.25 times worse, and no others', () => {
    const baseline = movedBaseline(undefined, '', [resultOf('get', 20)])
    expect(regressions(baseline, [resultOf('get', 24.9)])).toEqual([])
    expect(regressions(baseline, [resultOf('new', 900)])).toEqual([])
    const worse = regressions(baseline, [resultOf('get', 25.1)])
    expect(worse.map(({ rival }) => rival)).toEqual(['lmdb', 'lru-cache'])
  })
})

describe('sections of the page', () => {
  test('withSection() replaces a section, and keepingSections() carries all into a new page', () => {
    const once = withSection(withSection('# Page\n', 'growth', 'old'), 'delay', 'slow')
    const twice = withSection(once, 'growth', 'new')
    expect(twice).not.toContain('old')
    const kept = keepingSections('# Other\n', twice)
    expect(kept.startsWith('# Other\n')).toBe(true)
    expect(keepingSections('# Other\n', kept)).toBe(kept)
    expect([kept.includes('new'), kept.includes('slow')]).toEqual([true, true])
  })
})

describe('the command line', () => {
  test('readCommand() selects cases by parts of their names, in the order of the list', () => {
    const all = ['get-hot', 'has', 'set-sync', 'get-cold']
    expect(readCommand(['set', 'get', '--quick'], all)).toMatchObject({
      cases: ['get-hot', 'set-sync', 'get-cold'],
      quick: true,
      write: false,
    })
    expect(readCommand([], all).cases).toEqual(all)
  })

  test('readCommand() refuses a term that is in no name, and unknown options', () => {
    expect(() => readCommand(['gett'], CASES)).toThrow('No case has "gett" in its name.')
    expect(() => readCommand(['--fast'], CASES)).toThrow('--fast')
    expect(() => readCommand(['--seed=x'], CASES)).toThrow(RangeError)
  })

  test('each case of the list is a file', () => {
    const missing = CASES.filter((name) => !existsSync(new URL(`${name}.ts`, FOLDER)))
    expect(missing).toEqual([])
  })
})

describe('data', () => {
  test('madeRecords() makes the same records from the same seed, and others from another', () => {
    const made = (seed: number) => [...madeRecords(seededRandom(seed), 50)]
    expect(made(1)).toEqual(made(1))
    expect(made(1)).not.toEqual(made(2))
    expect(new Set(made(1).map(([key]) => key)).size).toBe(50)
  })

  test('shuffled() returns the same items in another order', () => {
    const items = Array.from({ length: 100 }, (_, index) => index)
    const result = shuffled(seededRandom(1), items)
    expect(result).not.toEqual(items)
    expect(result.toSorted((a, b) => a - b)).toEqual(items)
  })
})

const FOLDER = new URL('../../bench/cases/', import.meta.url)

const OPTIONS = { rounds: 3, budgetMs: 1_000 }

/** A trial of sides that take so many milliseconds of a clock that only they move. */
function fakeTrial(
  sides: Readonly<Record<string, number>>,
  changes: Readonly<Record<string, Partial<Side>>> = {},
) {
  let time = 0
  const log = { runs: [] as string[], now: () => time }
  const trial: Trial = {
    operations: 10,
    answer: 42,
    stored: new Map<string, unknown>([
      ['key', { n: 7 }],
      ['gone', undefined],
    ]),
    sides: Object.entries(sides).map(([name, costMs]) => ({
      name,
      run() {
        log.runs.push(name)
        time += costMs
        return 42
      },
      read: (key: string) => (key === 'key' ? { n: 7 } : undefined),
      ...changes[name],
    })),
  }
  return { trial, log }
}
