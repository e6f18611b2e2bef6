/** Where the tests' redis-server comes from: the PATH, or Debian's package, installed on demand. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAME = 'redis-server'

/** Whoever installs packages asks this script whether services may start: ours must not. */
const POLICY = '/usr/sbin/policy-rc.d'

/** Another installation may be running; it is done within this. */
const APT = ['-o', 'DPkg::Lock::Timeout=120']

const INSTALL_MS = 240_000

/** The path of a redis-server. Throws one line that says what to do if there is none to be had. */
export function redisBinary(): string {
  const found = onPath(NAME)
  if (found !== undefined) return found
  const why = installed()
  const binary = onPath(NAME)
  if (binary !== undefined) return binary
  throw new Error(
    `These tests need a Redis server: set REDIS_URL, or put ${NAME} on the PATH (apt-get install redis-server). ${why}`,
  )
}

/** Tries to install the package. Returns why it could not, or an empty string. */
function installed(): string {
  if (process.getuid?.() !== 0) return 'It was not installed, as this user is not root.'
  if (onPath('apt-get') === undefined) return 'It was not installed, as there is no apt-get.'
  console.log(`${NAME} is not on the PATH: installing the package, without starting its service`)
  const guarded = !existsSync(POLICY)
  try {
    if (guarded) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
    apt('update')
    apt('install', '-y', '--no-install-recommends', NAME)
    return ''
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return `Installing it failed: ${text.trim().split('\n').at(-1)}`
  } finally {
    if (guarded) rmSync(POLICY, { force: true })
  }
}

function apt(...args: string[]): void {
  execFileSync('apt-get', [...APT, ...args], {
    stdio: 'pipe',
    timeout: INSTALL_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

function onPath(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).filter((place) => place !== '')
  return places.map((place) => join(place, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
