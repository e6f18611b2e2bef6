/**
 * The demo: `npm run demo`. Several processes index the Markdown files of the installed packages into
 * one dict, embed every chunk exactly once between them, and answer queries. README.md shows a run.
 */
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chunksOf } from './chunk.js'
import { BATCH_CHUNKS, ChunkIndex } from './chunk-index.js'
import { type RunResult, runIndex } from './index-run.js'
import { markdownPaths, readMarkdown } from './markdown.js'
import { hitLines, integer, megabytes, Progress, seconds, table } from './report.js'
import { search } from './search.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const QUERIES = [
  'how many readers can open an LMDB database at the same time',
  'cancel a running process with an abort signal',
  'retry a failed operation with exponential backoff',
]
const HITS_PER_QUERY = 3
const MAX_WORKERS = 64

const HELP = `Indexes Markdown files by several processes that share one dict, and searches them.

  npm run demo -- [options]

  --fresh          empty the index first
  --workers N      how many processes (default: 4, or 2 on a single core)
  --query "TEXT"   answer this instead of the sample queries; may be given several times
  --docs FOLDER    whose Markdown files to index (default: node_modules)
  --data FOLDER    where the index is kept (default: .demo)
  --help           show this

Ctrl-C stops at any time and loses nothing: the next run continues.
`

interface Settings {
  readonly folder: string
  readonly indexPath: string
  readonly workers: number
  readonly queries: readonly string[]
  readonly isFresh: boolean
}

interface Plan {
  readonly documents: number
  readonly chunks: number
  readonly keys: ReadonlySet<string>
}

/** What is wrong with the command line. */
class UsageError extends Error {}

try {
  const settings = settingsOf(process.argv.slice(2))
  process.exitCode = settings === 'help' ? help() : await demo(settings)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${HELP}`)
  process.exitCode = 2
}

function settingsOf(args: string[]): Settings | 'help' {
  const { values } = parsed(args)
  if (values.help) return 'help'
  const workers = Number(values.workers ?? (availableParallelism() > 1 ? 4 : 2))
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new UsageError(`--workers takes a number from 1 to ${MAX_WORKERS}.`)
  }
  return {
    folder: values.docs ?? join(ROOT, 'node_modules'),
    indexPath: join(values.data ?? join(ROOT, '.demo'), 'index'),
    workers,
    queries: values.query ?? QUERIES,
    isFresh: values.fresh ?? false,
  }
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    ...{ fresh: flag, help: flag, workers: text, docs: text, data: text },
    query: { type: 'string', multiple: true },
  } as const
  try {
    return parseArgs({ args, options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function help(): number {
  console.log(HELP)
  return 0
}

/** Returns the exit code. */
async function demo(settings: Settings): Promise<number> {
  using index = new ChunkIndex(settings.indexPath)
  if (settings.isFresh) index.clear()
  const plan = planOf(settings.folder)
  const before = countDone(index, plan)
  announce(settings, index, plan, before)

  const first = await run(settings, plan.keys.size - before)
  const missing = plan.keys.size - countDone(index, plan)
  if (first.isStopped) {
    console.log(
      `Stopped: ${integer(first.computed)} chunks embedded in this run, ${integer(missing)} left. ` +
        'Nothing is lost; the next run continues here.',
    )
    return 130
  }
  // An index that was complete has had its all-hit run just now.
  const second = first.computed > 0 ? await run(settings, 0) : undefined
  if (second?.isStopped) return 130
  console.log(figures(plan, index, second === undefined ? [first] : [first, second]))
  const isRight = checked(first, second, plan.keys.size - before, missing)
  for (const query of settings.queries) {
    console.log(hitLines(query, search(index, query, HITS_PER_QUERY)))
  }
  return isRight ? 0 : 1
}

/** What there is to do, by the demo's own count: the workers' figures are checked against it. */
function planOf(folder: string): Plan {
  const paths = markdownPaths(folder)
  const keys = paths.flatMap((path) => {
    return chunksOf(readMarkdown(folder, path).text).map((chunk) => chunk.key)
  })
  return { documents: paths.length, chunks: keys.length, keys: new Set(keys) }
}

function countDone(index: ChunkIndex, plan: Plan): number {
  return index.vectors.hasMany(plan.keys).filter(Boolean).length
}

function announce(settings: Settings, index: ChunkIndex, plan: Plan, done: number): void {
  const place = relative(process.cwd(), settings.indexPath)
  const left = plan.keys.size - done
  if (index.vectors.size === 0) console.log(`Making a new index in ${place}.`)
  else if (left === 0) console.log(`Using the index in ${place}: it has every chunk.`)
  else {
    console.log(
      `Continuing the index in ${place}: ${integer(done)} chunks are there, ${integer(left)} are not` +
        (index.claims.size > 0
          ? `, ${index.claims.size} of them claimed by processes before.`
          : '.'),
    )
  }
  console.log(
    `${settings.workers} processes, ${integer(plan.documents)} documents, ${integer(plan.chunks)} chunks, ` +
      `${integer(plan.keys.size)} of them different.`,
  )
}

async function run({ folder, indexPath, workers }: Settings, toDo: number): Promise<RunResult> {
  const progress = new Progress(process.stdout, toDo)
  const stop = new AbortController()
  // Once: a second Ctrl-C ends the demo at once. Nothing is lost then, either.
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal)
  try {
    return await runIndex({
      ...{ folder, indexPath, workers, signal: stop.signal },
      onEmbedded: (_, computed) => progress.update(computed),
    })
  } finally {
    process.off('SIGINT', onSignal)
    progress.end()
  }
}

function figures(plan: Plan, index: ChunkIndex, runs: readonly RunResult[]): string {
  const row = (name: string, cell: (result: RunResult) => string) => [name, ...runs.map(cell)]
  return table([
    ['', ...runs.map((_, i) => `run ${i + 1}`)],
    row('documents', () => integer(plan.documents)),
    row('chunks', () => integer(plan.chunks)),
    row('unique', () => integer(plan.keys.size)),
    row('look-ups by all processes', ({ lookups }) => integer(lookups)),
    row('hits', ({ lookups, computed }) => integer(lookups - computed)),
    row('computed', ({ computed }) => integer(computed)),
    row('time', ({ elapsedMs }) => seconds(elapsedMs)),
    // Against one process that embeds each chunk of each document, repeated ones again.
    row('embedding time saved', (r) => seconds((plan.chunks - r.computed) * index.meanEmbedMs)),
    row('on disk', () => megabytes(index.sizeBytes)),
  ])
}

/** Says whether every chunk was embedded exactly once. */
function checked(first: RunResult, second: RunResult | undefined, toDo: number, missing: number) {
  const excess = first.computed - toDo
  // What a dead process was at, and what a paused one did too late, had to be done again.
  const allowed = first.lost * BATCH_CHUNKS + first.late
  const isRight = missing === 0 && excess >= 0 && excess <= allowed && (second?.computed ?? 0) === 0
  if (!isRight) {
    console.error(
      `WRONG: ${first.computed} embedded for ${toDo} chunks to do, ${missing} missing, ` +
        `${second?.computed ?? 0} embedded by the second run.`,
    )
  } else if (excess > 0) {
    console.log(`${first.lost} processes died; ${excess} chunks were embedded again by others.`)
  } else if (second === undefined) {
    console.log('Every chunk was there: nothing was embedded.')
  } else {
    const factor = first.elapsedMs / second.elapsedMs
    console.log(
      `Each of ${integer(toDo)} chunks was embedded exactly once. ` +
        `The second run embedded nothing and was ${factor.toFixed(1)} times as fast.`,
    )
  }
  console.log()
  return isRight
}
