/** What the proofs that settings do something have in common. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { ConfigInput } from '../../src/config/check-config.js'
import { type CodeOptions, openFromConfig } from '../../src/config/open-from-config.js'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import type { DictStats } from '../../src/index.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** Shows that a setting changes what happens, or throws. */
export type Proof = () => unknown

export type AnyDict = PersistDict<Record<string, unknown>>

export const inside = (name: string): string => join(tempDirectory(), name)

/** Runs `use` with the dict of a configuration, in memory unless it says otherwise. */
export function withDict<T>(
  config: ConfigInput,
  use: (dict: AnyDict) => T,
  code: CodeOptions = {},
): T {
  const dict = openFromConfig({ store: 'memory:', ...config }, code)
  try {
    return use(dict)
  } finally {
    dict.close()
  }
}

/** Figures of a dict after its writes are committed. */
export function statsWith(config: ConfigInput, use: (dict: AnyDict) => void): DictStats {
  return withDict(config, (dict) => {
    use(dict)
    dict.flushSync()
    return dict.stats()
  })
}

/** What a call throws; undefined if it does not. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return error
  }
}

/** NFS, by statfs(2). */
const NFS = 0x6969

/** Runs `use` where every directory seems to be on a network file system. */
export function onNetworkFileSystem<T>(use: () => T): T {
  const real = fs.statfsSync
  const statfs = (path: fs.PathLike) => ({ ...real(path), type: NFS })
  return replacing('statfsSync', statfs as typeof fs.statfsSync, use)
}

/** The files that are read while `use` runs. */
export function filesReadBy(use: () => void): readonly string[] {
  const real = fs.readFileSync
  const files: string[] = []
  const readFile = ((file: string, ...rest: never[]) => {
    files.push(String(file))
    return real(file, ...rest)
  }) as typeof fs.readFileSync
  replacing('readFileSync', readFile, use)
  return files
}

function replacing<N extends 'statfsSync' | 'readFileSync', T>(
  name: N,
  replacement: (typeof fs)[N],
  use: () => T,
): T {
  const real = fs[name]
  fs[name] = replacement
  syncBuiltinESMExports()
  try {
    return use()
  } finally {
    fs[name] = real
    syncBuiltinESMExports()
  }
}
