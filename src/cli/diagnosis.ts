/** What "doctor" looks at: the machine, and the place of a store. Each look is one line. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { CheckedConfig } from '../config/check-config.js'
import { livingDataFile } from '../store/lmdb/directory.js'
import { checkDataFile } from '../store/lmdb/file-check.js'
import { loadNative } from '../store/lmdb/native.js'
import { ownersIn } from '../store/lmdb/owners-list.js'
import { connector } from '../store/sqlite/driver.js'
import { shownBytes } from './output/text.js'

export interface Look {
  readonly what: string
  /** `'info'` needs nobody's attention; `'bad'` makes the command fail. */
  readonly state: 'good' | 'info' | 'odd' | 'bad'
  readonly says: string
}

/** Node's oldest version that this package supports. */
const LEAST_NODE = [20, 19] as const
/** With less room, opening a store is refused soon. */
const LITTLE_ROOM_BYTES = 64 * 2 ** 20

export function looksAtMachine(): Look[] {
  const { versions, platform, arch } = process
  const [major = 0, minor = 0] = versions.node.split('.').map(Number)
  const isNew = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])
  return [
    isNew
      ? { what: 'node', state: 'good', says: versions.node }
      : { what: 'node', state: 'bad', says: `${versions.node}, and 20.19 is needed` },
    platform === 'linux'
      ? { what: 'system', state: 'good', says: `${platform} ${arch}` }
      : { what: 'system', state: 'odd', says: `${platform} ${arch}; only Linux is tested` },
    attempt('lmdb', 'bad', () => {
      loadNative()
      return 'its native module loads'
    }),
    attempt('sqlite', 'info', () => {
      connector(undefined)
      return `loads (${'sqlite' in versions ? 'node:sqlite' : 'better-sqlite3'})`
    }),
    ...['redis', 'yaml'].map((name) => attempt(name, 'info', () => versionOf(name))),
  ]
}

/** Of a store on this machine's disks; nothing of others. */
export function looksAtPlace({ store }: CheckedConfig): Look[] {
  if (store.kind !== 'lmdb' && store.kind !== 'file' && store.kind !== 'sqlite') return []
  const path = resolve(store.kind === 'sqlite' ? dirname(store.path) : store.path)
  if (!existsSync(path)) return [{ what: 'directory', state: 'bad', says: `${path} is not there` }]
  const looks = [
    attempt('directory', 'bad', () => {
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
      return `${path} can be read and written`
    }),
    roomAt(path),
  ]
  if (store.kind !== 'lmdb') return looks
  return [
    ...looks,
    attempt('data file', 'bad', () => {
      checkDataFile(livingDataFile(path))
      return 'its pages are where they should be'
    }),
    ownersOf(path),
  ]
}

function roomAt(path: string): Look {
  const { bavail, bsize } = statfsSync(path)
  const says = `${shownBytes(bavail * bsize)} free`
  return { what: 'room', state: bavail * bsize < LITTLE_ROOM_BYTES ? 'odd' : 'good', says }
}

function ownersOf(path: string): Look {
  const owners = ownersIn(path)
  const pids = (life: string) => owners.filter((owner) => owner.life === life).map(({ pid }) => pid)
  const [alive, dead, unknown] = [pids('alive'), pids('dead'), pids('unknown')]
  const parts = [alive.length === 0 ? 'nobody has it open' : `open in ${alive.join(', ')}`]
  if (unknown.length > 0) parts.push(`perhaps in ${unknown.join(', ')} of another container`)
  if (dead.length > 0) parts.push(`${dead.join(', ')} died; the next to open clears up`)
  return { what: 'processes', state: dead.length > 0 ? 'odd' : 'good', says: parts.join('; ') }
}

/** What `look` says, or what it throws. */
export function attempt(what: string, otherwise: Look['state'], look: () => string): Look {
  try {
    return { what, state: 'good', says: look() }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isMissing = code === 'MODULE_NOT_FOUND'
    return { what, state: otherwise, says: isMissing ? 'not installed' : message }
  }
}

function versionOf(name: string): string {
  return createRequire(import.meta.url)(`${name}/package.json`).version
}
