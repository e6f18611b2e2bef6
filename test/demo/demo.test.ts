/** The demo as its users run it: real processes, real signals, a small tree of Markdown files. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { chunksOf } from '../../docs/demo/chunk.js'
import { BATCH_CHUNKS, ChunkIndex } from '../../docs/demo/chunk-index.js'
import { embed } from '../../docs/demo/embed.js'
import { runIndex } from '../../docs/demo/index-run.js'
import { markdownPaths, readMarkdown } from '../../docs/demo/markdown.js'

const DEMO = fileURLToPath(new URL('../../docs/demo/demo.ts', import.meta.url))
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const DOCUMENTS = 24
const WORKERS = 2
const LICENSE = '# License\n\nPermission is granted to everybody to do anything with this.\n'

let root: string
let folder: string
let data: string
let keys: Set<string>

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'persistdict-demo-'))
  folder = join(root, 'docs')
  data = join(root, 'data')
  for (let i = 0; i < DOCUMENTS; i++) {
    mkdirSync(join(folder, `package-${i}`), { recursive: true })
    writeFileSync(join(folder, `package-${i}`, 'README.md'), documentText(i))
  }
  writeFileSync(join(folder, 'no-markdown.txt'), 'This is not to be indexed.')
  keys = new Set(
    markdownPaths(folder).flatMap((path) => {
      return chunksOf(readMarkdown(folder, path).text).map(({ key }) => key)
    }),
  )
})

afterEach(() => rmSync(root, { recursive: true }))

describe('npm run demo', () => {
  test('embeds each chunk exactly once and nothing the second time, and answers a query', async () => {
    const { code, output } = await ended(startDemo())
    expect(output).toContain('Making a new index')
    expect(output).toContain(`Each of ${keys.size} chunks was embedded exactly once.`)
    expect(rowOf(output, 'unique')).toEqual([keys.size, keys.size])
    expect(rowOf(output, 'computed')).toEqual([keys.size, 0])
    const chunks = rowOf(output, 'chunks')[0]!
    expect(chunks).toBe(keys.size + DOCUMENTS - 1)
    expect(rowOf(output, 'look-ups by all processes')).toEqual([chunks * WORKERS, chunks * WORKERS])
    expect(code).toBe(0)
    expectComplete()

    const again = await ended(startDemo('--query', 'permission to do anything'))
    expect(again.output).toContain('it has every chunk')
    expect(rowOf(again.output, 'computed')).toEqual([0])
    expect(again.output).toMatch(
      /"permission to do anything"\n {2}0\.\d+ {2}package-\d+\/README\.md {2}License\n/,
    )

    const fresh = await ended(startDemo('--fresh'))
    expect(fresh.output).toContain('Making a new index')
    expect(rowOf(fresh.output, 'computed')).toEqual([keys.size, 0])
  })

  test('stops at SIGINT and continues without doing anything twice', async () => {
    const child = startDemo()
    await firstProgress(child)
    child.kill('SIGINT')
    const { code, output } = await ended(child)
    expect(code).toBe(130)
    const [, computed, left] = /Stopped: (\d+) chunks embedded in this run, (\d+) left/.exec(
      output,
    )!
    expect(Number(left)).toBeGreaterThan(0)

    const next = await ended(startDemo())
    expect(next.output).toContain(`${computed} chunks are there, ${left} are not.`)
    expect(rowOf(next.output, 'computed')).toEqual([keys.size - Number(computed), 0])
    expect(next.code).toBe(0)
    expectComplete()
  })

  test('stops at SIGINT to all processes at once, as from Ctrl-C', async () => {
    const child = startDemo()
    await firstProgress(child)
    process.kill(-child.pid!, 'SIGINT')
    const { output } = await ended(child)
    const [, computed] = /Stopped: (\d+) chunks/.exec(output)!
    await expectRest(keys.size - Number(computed))
  })

  test('continues after SIGKILL to all processes, at once', async () => {
    const child = startDemo()
    await firstProgress(child)
    process.kill(-child.pid!, 'SIGKILL')
    await ended(child)
    const stored = storedKeys().size
    expect(stored).toBeLessThan(keys.size)

    // What the dead were at is done again; what they had stored is not.
    await expectRest(keys.size - stored)
  })

  test('refuses options that it does not know', async () => {
    const { code, output } = await ended(startDemo('--frsh'))
    expect(code).toBe(2)
    expect(output).toContain('--fresh          empty the index first')
    expect((await ended(startDemo('--workers', '0'))).code).toBe(2)
  })

  test('explains itself', async () => {
    const { code, output } = await ended(startDemo('--help'))
    expect(code).toBe(0)
    expect(output).toContain('--workers N')
  })
})

describe('runIndex()', () => {
  test('finishes though a worker is killed: the others take over what it had claimed', async () => {
    const victims = new Set<number>()
    const result = await runIndex({
      folder,
      indexPath: data,
      workers: WORKERS,
      onEmbedded(pid, computed) {
        if (computed < keys.size / 4 || victims.size > 0) return
        victims.add(pid)
        process.kill(pid, 'SIGKILL')
      },
    })
    expect(result.lost).toBe(1)
    expect(result.computed).toBeGreaterThanOrEqual(keys.size)
    expect(result.computed).toBeLessThanOrEqual(keys.size + BATCH_CHUNKS)
    expectComplete(data)
  })

  test('rejects if all workers die, and the next run continues', async () => {
    const kill = (pid: number) => process.kill(pid, 'SIGKILL')
    const options = { folder, indexPath: data, workers: 1 }
    await expect(runIndex({ ...options, onEmbedded: kill })).rejects.toThrow('All workers died')
    expect((await runIndex(options)).computed).toBe(keys.size)
    expectComplete(data)
  })
})

/** The next run, without what the demo says of it, does what is left. */
async function expectRest(left: number): Promise<void> {
  const rest = await runIndex({ folder, indexPath: join(data, 'index'), workers: WORKERS })
  expect(rest).toMatchObject({ computed: left, lost: 0 })
  expectComplete()
}

/** Words from a seed, so that each section is a text of its own. */
function documentText(seed: number): string {
  let state = seed + 1
  const word = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state.toString(36)
  }
  const sections = Array.from({ length: 8 }, (_, i) => {
    return `## Part ${i}\n\n${Array.from({ length: 80 }, word).join(' ')}\n`
  })
  return `# Package ${seed}\n\n${sections.join('\n')}\n${LICENSE}`
}

/** In a process group of its own, so that a signal can go to all of its processes, and no others. */
function startDemo(...args: string[]): ChildProcess {
  const settings = ['--docs', folder, '--data', data, '--workers', String(WORKERS)]
  return spawn(process.execPath, ['--import', TSX, DEMO, ...settings, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

const outputs = new WeakMap<ChildProcess, () => string>()

/** All that a process has printed so far; listening from the first call on. */
function outputOf(child: ChildProcess): string {
  let read = outputs.get(child)
  if (read === undefined) {
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
    }
    read = () => text
    outputs.set(child, read)
  }
  return read()
}

async function firstProgress(child: ChildProcess): Promise<void> {
  while (!outputOf(child).includes('chunks embedded')) await once(child.stdout!, 'data')
}

async function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  outputOf(child)
  const [code] = await once(child, 'close')
  return { code, output: outputOf(child) }
}

function rowOf(output: string, name: string): number[] {
  const line = output.split('\n').find((text) => text.startsWith(`  ${name}   `))
  if (line === undefined) throw new Error(`There is no row "${name}" in:\n${output}`)
  const cells = line.slice(name.length + 2).match(/\S+/g) ?? []
  return cells.map((cell) => Number(cell.replaceAll(',', '')))
}

function storedKeys(path = join(data, 'index')): Set<string> {
  using index = new ChunkIndex(path)
  return new Set(index.vectors.keys())
}

/** Every chunk is there with its vector and its text, and no claim is left. */
function expectComplete(path = join(data, 'index')): void {
  expect(storedKeys(path)).toEqual(keys)
  using index = new ChunkIndex(path)
  expect(new Set(index.chunks.keys())).toEqual(keys)
  expect(index.claims.size).toBe(0)
  const wrong = [...index.chunks].filter(([key, { file, heading, text }]) => {
    // Compared as bytes: expect() takes a millisecond for a vector.
    const isSame = Buffer.from(embed(`${heading}\n${text}`).buffer).equals(
      Buffer.from(index.vectors.get(key)!.buffer),
    )
    return !isSame || !readMarkdown(folder, file).text.includes(text.slice(-20))
  })
  expect(wrong).toEqual([])
}
