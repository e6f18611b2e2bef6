/**
 * Times of use on Redis: a sorted set beside the rows. Its name is none of those that listeners to
 * changes are told of, so noting a time disturbs nobody's cache.
 */
import type { RowUse, RowUses } from '../row-uses.js'
import type { Commands } from './commands.js'
import type { KeyNames } from './key-names.js'
import type { Words } from './redis-client.js'
import { FORGET_GONE } from './scripts.js'

/** Keys of one command, so that nobody else waits for long. */
const STEP_KEYS = 1_000

export class RedisUses implements RowUses {
  /** Whether times were noted here: where they are not, nobody looks after them. */
  isKept = false
  readonly #commands: Commands
  readonly #names: KeyNames

  constructor(commands: Commands, names: KeyNames) {
    this.#commands = commands
    this.#names = names
  }

  async note(bucket: string, uses: readonly RowUse[], replaces = false): Promise<void> {
    this.#commands.assertOpen()
    this.isKept = true
    await this.#byPart(uses, async (part, own) => {
      const { uses: name } = this.#names.bucket(bucket, part)
      const pairs = own.flatMap(({ key, at }) => [String(at), copyOf(key)])
      const words: Words = replaces ? ['ZADD', name, ...pairs] : ['ZADD', name, 'GT', ...pairs]
      await this.#commands.run(name, words, 'repeatable')
    })
  }

  async unused(bucket: string, until: number, limit: number): Promise<RowUse[]> {
    this.#commands.assertOpen()
    const lists = this.#names.rowPrefixes.map(async (_, part) => {
      const { uses: name } = this.#names.bucket(bucket, part)
      const range = ['-inf', String(until), 'BYSCORE', 'LIMIT', '0', String(limit), 'WITHSCORES']
      const answer = await this.#commands.run(name, ['ZRANGE', name, ...range], 'repeatable')
      return usesOf(answer as unknown[])
    })
    const uses = (await Promise.all(lists)).flat()
    return uses.sort((a, b) => a.at - b.at).slice(0, limit)
  }

  async times(bucket: string, keys: readonly Uint8Array[]): Promise<(number | undefined)[]> {
    this.#commands.assertOpen()
    const found: (number | undefined)[] = new Array(keys.length).fill(undefined)
    const places = keys.map((key, at) => ({ key, at }))
    await this.#byPart(places, async (part, own) => {
      const { uses: name } = this.#names.bucket(bucket, part)
      const words = ['ZMSCORE', name, ...own.map(({ key }) => copyOf(key))]
      const scores = (await this.#commands.run(name, words, 'repeatable')) as unknown[]
      own.forEach(({ at }, nth) => {
        const score = scores[nth] ?? undefined
        found[at] = score === undefined ? undefined : Number(String(score))
      })
    })
    return found
  }

  async forgetGone(bucket: string, keys: readonly Uint8Array[]): Promise<void> {
    this.#commands.assertOpen()
    const own = keys.map((key) => ({ key }))
    await this.#byPart(own, async (part, those) => {
      const { rows, uses: name } = this.#names.bucket(bucket, part)
      const words = [rows, ...those.map(({ key }) => copyOf(key))]
      await this.#commands.script(FORGET_GONE, [name], words, 'repeatable')
    })
  }

  /** Forgets the times of rows of one part, whether or not they are there. */
  async forget(bucket: string, part: number, keys: readonly Buffer[]): Promise<void> {
    const { uses: name } = this.#names.bucket(bucket, part)
    await this.#commands.run(name, ['ZREM', name, ...keys], 'repeatable')
  }

  async #byPart<T extends { readonly key: Uint8Array }>(
    all: readonly T[],
    visit: (part: number, own: readonly T[]) => Promise<void>,
  ): Promise<void> {
    const byPart = new Map<number, T[]>()
    for (const each of all) {
      const part = this.#names.partOf(each.key)
      const own = byPart.get(part)
      if (own === undefined) byPart.set(part, [each])
      else own.push(each)
    }
    const visited = [...byPart].flatMap(([part, own]) => {
      const steps = Math.ceil(own.length / STEP_KEYS)
      return Array.from({ length: steps }, (_, step) =>
        visit(part, own.slice(step * STEP_KEYS, (step + 1) * STEP_KEYS)),
      )
    })
    await Promise.all(visited)
  }
}

/** Keys with scores: in turn, or in pairs, as the server's protocol has it. */
function usesOf(answer: readonly unknown[]): RowUse[] {
  const flat = answer.flat()
  const uses: RowUse[] = []
  for (let at = 0; at < flat.length; at += 2) {
    uses.push({ key: flat[at] as Buffer, at: Number(String(flat[at + 1])) })
  }
  return uses
}

function copyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}
