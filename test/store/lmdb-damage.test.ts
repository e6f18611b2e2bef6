/** Data files that are damaged inside: whatever opens them answers rightly or with a typed error. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'persistdict'
import { expect, test } from 'vitest'
import { runChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const CASES = Number(process.env.DAMAGES ?? 300)
const PAGE = 4_096
const ENTRIES = 300
const LIMIT_MS = Math.max(480_000, CASES * 200)
/** Their paths must fit into a command line. */
const CASES_PER_CHILD = 1_000

function filled(): string {
  const path = join(tempDirectory(), 'dict')
  using dict = open(path)
  for (let at = 0; at < ENTRIES; at++) {
    const key = `key ${at}`
    dict.set(key, { text: `value of ${key}`, padding: 'p'.repeat((at % 40) * 50) })
  }
  return path
}

interface Report {
  readonly path: string
  readonly opened: boolean
  readonly keys?: number
  readonly right?: number
  readonly code?: string
}

test(
  'open() and get() over damaged pages are right or a typed error, and never end the process',
  async () => {
    const random = randomOf(seedOf('damaged pages'))
    const whole = filled()
    const bytes = readFileSync(join(whole, 'g1', 'data.mdb'))
    const pages = bytes.length / PAGE
    const noise = (target: Buffer) => {
      for (let at = 0; at < target.length; at++) target[at] = random.below(256)
    }
    const kinds: Record<string, (data: Buffer) => void> = {
      bit: (data) => {
        const at = 2 * PAGE + random.below(data.length - 2 * PAGE)
        data[at] = (data[at] as number) ^ (1 << random.below(8))
      },
      zeros: (data) => data.fill(0, PAGE * (2 + random.below(pages - 2)), undefined),
      'zero page': (data) => {
        const at = PAGE * (2 + random.below(pages - 2))
        data.fill(0, at, at + PAGE)
      },
      'random page': (data) => {
        const at = PAGE * (2 + random.below(pages - 2))
        noise(data.subarray(at, at + PAGE))
      },
      'swapped pages': (data) => {
        const [one, two] = [2 + random.below(pages - 2), 2 + random.below(pages - 2)]
        data.set(bytes.subarray(PAGE * one, PAGE * (one + 1)), PAGE * two)
        data.set(bytes.subarray(PAGE * two, PAGE * (two + 1)), PAGE * one)
      },
    }
    const base = tempDirectory()
    const paths = Array.from({ length: CASES }, (_, at) => {
      const kind = Object.keys(kinds)[at % Object.keys(kinds).length] as string
      const path = join(base, `${at} ${kind}`)
      mkdirSync(join(path, 'g1'), { recursive: true })
      const data = Buffer.from(bytes)
      kinds[kind]?.(data)
      writeFileSync(join(path, 'g1', 'data.mdb'), data)
      cpSync(join(whole, 'gate.mdb'), join(path, 'gate.mdb'))
      return path
    })
    const died: string[] = []
    const reports: Report[] = []
    while (reports.length + died.length < paths.length) {
      const done = reports.length + died.length
      const rest = paths.slice(done, done + CASES_PER_CHILD)
      const options = { background: 'disabled' }
      const words = [JSON.stringify({ paths: rest, options })]
      const ended = await runChild('open-report.mjs', words, { deadlineMs: LIMIT_MS })
      const lines = ended.stdout.split('\n').filter((line) => line.startsWith('{'))
      reports.push(...lines.map((line) => JSON.parse(line) as Report))
      if (ended.signal !== null) died.push(rest[lines.length] as string)
    }
    const kindOf = (path: string) => path.slice(base.length + 1)
    expect(died.map(kindOf)).toEqual([])
    const wrong = reports.filter(({ opened, keys, right, code }) =>
      opened ? right !== keys || keys !== ENTRIES : !code?.startsWith('ERR_PERSISTDICT_'),
    )
    expect(wrong.map((report) => ({ ...report, path: kindOf(report.path) }))).toEqual([])
    // Some pages are free, and hold nothing: but not most of them.
    expect(reports.filter(({ opened }) => !opened).length).toBeGreaterThan(CASES / 5)
  },
  LIMIT_MS,
)
