/** Who has a store open, for whoever only looks: nothing is written, and nobody is waited for. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Life, lifeOf, type ProcessIdentity } from '../../process-identity.js'

/** A thread that has, or had, the store open. */
export interface KnownOwner extends ProcessIdentity {
  readonly thread: number
  /** In milliseconds since 1970-01-01 UTC. */
  readonly openedAt: number
  readonly life: Life
}

/** Of the store in a directory, those who came first before others. Empty if nobody ever opened it. */
export function ownersIn(directory: string): KnownOwner[] {
  const folder = join(directory, 'owners')
  const found = namesIn(folder).flatMap((name) => ownerIn(join(folder, name)) ?? [])
  return found.sort((a, b) => a.openedAt - b.openedAt)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Undefined for a file that has just gone, or was cut off. */
function ownerIn(file: string): KnownOwner | undefined {
  try {
    const owner: Omit<KnownOwner, 'life'> = JSON.parse(readFileSync(file, 'utf8'))
    return { ...owner, life: lifeOf(owner) }
  } catch {
    return undefined
  }
}
