/** The cases, in the order in which they are run and shown; each is a file of bench/cases. */
import type { BenchCase } from './harness/case.js'

export const CASES = [
  'get-hot',
  'get-idle',
  'get-hot-foreign',
  'view-get',
  'view-live',
  'view-nested',
  'live-read',
  'live-write',
  'get-cold',
  'get-miss',
  'has',
  'set-batched',
  'set-sync',
  'set-concurrent',
  'set-many',
  'delete',
  'increment',
  'increment-commit',
  'iterate',
  'keys',
  'coded-100b',
  'coded-1kb',
  'coded-10kb',
  'size-on-disk',
  'size-in-steps',
  'open',
  'processes',
  'get-or-set-hit',
  'memoize-hit',
  'single-flight',
  'wake-up',
  'async-get-hot',
  'async-set-batched',
  'sqlite-get',
  'sqlite-set',
  'file-get',
  'file-set',
  'redis-get-hot',
  'redis-get',
  'redis-set',
  'tiered-get',
  'tiered-set',
] as const

/** Loads one case and none of the others, with all that they import. */
export async function loadCase(name: string): Promise<BenchCase> {
  const module = (await import(`./cases/${name}.js`)) as { bench: BenchCase }
  return module.bench
}
