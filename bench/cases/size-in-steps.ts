import type { BenchCase } from '../harness/case.js'
import { sizeTrial } from '../sides/size.js'

/** Entries that are on disk before the next ones come. */
const STEP = 1_000

export const bench: BenchCase = {
  what: `as size-on-disk, but each ${STEP.toLocaleString('en')} records are on disk before the next come`,
  unit: 'bytes',
  notes: [
    'Each commit copies the pages that it changes; the old ones stay in the file, to be used again',
  ],
  setUp: (stage) => sizeTrial(stage, stage.count(50_000, 10_000), STEP),
}
