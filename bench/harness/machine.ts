/** One line that says where, when and against what the figures were measured. */
import { readFileSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os'

const PACKAGES = [
  'lmdb',
  'msgpackr',
  'lru-cache',
  'better-sqlite3',
  'classic-level',
  'keyv',
  'cacheable',
  'cache-manager',
  'bentocache',
  'unstorage',
  'redis',
  'valtio',
  'on-change',
]

/** statfs(2): what the kernel calls the commonest file systems. */
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
])

export function machineLine({ seed, quick }: { seed: number; quick: boolean }): string {
  const gib = Math.round(totalmem() / 2 ** 30)
  const facts = [
    `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${gib} GiB`,
    `${process.platform} ${release()}, ${fileSystem()} in ${tmpdir()}`,
    `Node ${process.versions.node}`,
    PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', '),
    `seed ${seed}${quick ? ', quick' : ''}`,
    new Date().toISOString().slice(0, 10),
  ]
  return `${facts.join('; ')}.`
}

function fileSystem(): string {
  const { type } = statfsSync(tmpdir())
  return FILE_SYSTEMS.get(type) ?? `file system 0x${type.toString(16)}`
}

/** From the package's own manifest, found upwards from its entry: not every package exports it. */
function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name)
  const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}`))
  const manifest = readFileSync(`${folder}node_modules/${name}/package.json`, 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
