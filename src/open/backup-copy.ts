/** Backing up a dict whose store has no files here: its entries are copied into a dict on LMDB. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type CopySource, copy } from '../dict/copy/copy.js'
import { backupDirectory } from '../store/lmdb/upkeep.js'
import type { BackupReport } from '../store/sync-store.js'
import { open } from './open.js'
import type { OpenOptions } from './open-options.js'

/** What decides how entries are stored. All else, such as limits and default deadlines, is left out. */
const KEPT = [
  'serializer',
  'compress',
  'maxValueBytes',
  'cipher',
  'hashKeys',
  'debugKeys',
  'types',
  'keySerializer',
  'keySizeLimit',
  'digestBytes',
  'keyHash',
  'clock',
] as const

/**
 * Copies a dict and its namespaces into a new or empty directory, from which open() opens them with the
 * same options. The copy is made beside it and put there when it is whole. Rejects with PathError, or
 * as copy() does.
 */
export async function backupCopy(
  source: CopySource,
  options: OpenOptions,
  path: string,
): Promise<BackupReport> {
  const real = backupDirectory(path)
  const draft = mkdtempSync(`${real}.unfinished-`)
  try {
    const kept = KEPT.flatMap((name) =>
      options[name] === undefined ? [] : [[name, options[name]]],
    )
    const target = open(draft, { ...Object.fromEntries(kept), background: 'disabled' })
    try {
      await copy(source, target)
      return await target.backup(real)
    } finally {
      target.close()
    }
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
