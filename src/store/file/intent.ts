/**
 * What the running transaction is about to do to files, so that the next one can tidy up after a
 * process that died in its middle.
 *
 *     running    {"commit": 7, "made": ["rows/…"], "replaced": ["rows/…"]}
 *
 * It decides nothing: whether a transaction was committed, the log alone says.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeEntry } from './entry-file.js'

export interface Intent {
  readonly commit: number
  /** Files that are needed if it is committed, and else not. */
  readonly made: readonly string[]
  /** Files that are needed unless it is committed. */
  readonly replaced: readonly string[]
}

/** The paths that entry-file.ts makes: what else stands in the file is no business of ours. */
const PATH = /^rows\/[0-9a-f]{2}\/[0-9a-f]{62}\.[0-9a-z]+$/

export function declareIntent(directory: string, intent: Intent): void {
  writeFileSync(intentFile(directory), JSON.stringify(intent))
}

/** Removes the files that are not needed, and the intent. `lastCommit` is the last one in the log. */
export function settleIntent(directory: string, intent: Intent, lastCommit: number): void {
  const useless = lastCommit >= intent.commit ? intent.replaced : intent.made
  for (const path of useless) if (PATH.test(path)) removeEntry(join(directory, path))
  rmSync(intentFile(directory), { force: true })
}

/** The intent of a process that died, or undefined. */
export function foundIntent(directory: string): Intent | undefined {
  let text: string
  try {
    text = readFileSync(intentFile(directory), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return JSON.parse(text) as Intent
  } catch {
    // Cut off while it was written: then no file was made yet.
    return { commit: 0, made: [], replaced: [] }
  }
}

function intentFile(directory: string): string {
  return join(directory, 'running')
}
