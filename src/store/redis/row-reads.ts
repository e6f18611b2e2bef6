/**
 * Reads of single rows. Those that are asked for in one turn go to the server as one command: each
 * command costs node-redis more than the row does.
 */
import type { Commands } from './commands.js'
import type { KeyNames } from './key-names.js'

/** Rows of one command: an answer is waited for as a whole, so it must not grow without bounds. */
const MOST_TOGETHER = 100

type Record = Buffer | undefined

/** Reads that will be sent together, all of one part. */
interface Asked {
  readonly route: string
  readonly names: (string | Buffer)[]
  readonly waiting: {
    readonly resolve: (record: Record) => void
    readonly reject: (error: unknown) => void
  }[]
}

export class RowReads {
  readonly #commands: Commands
  readonly #names: KeyNames
  /** By part. */
  readonly #asked: (Asked | undefined)[] = []

  constructor(commands: Commands, names: KeyNames) {
    this.#commands = commands
    this.#names = names
  }

  /** The record of a row, whose key is copied. */
  get(bucket: string, key: Uint8Array): Promise<Record> {
    return new Promise((resolve, reject) => {
      this.#commands.assertOpen()
      const part = this.#names.partOf(key)
      const { route } = this.#names.bucket(bucket, part)
      const name = this.#names.rowWord(bucket, key)
      // While a slot of a cluster moves, commands of several keys are refused.
      if (this.#commands.link.isCluster) return resolve(this.#alone(route, name))
      const asked = this.#opened(part, route)
      asked.names.push(name)
      asked.waiting.push({ resolve, reject })
      if (asked.names.length === MOST_TOGETHER) this.#send(part)
    })
  }

  async #alone(route: string, name: string | Buffer): Promise<Record> {
    const record = await this.#commands.run(route, ['GET', name], 'repeatable')
    return (record as Buffer | null) ?? undefined
  }

  #opened(part: number, route: string): Asked {
    const asked = this.#asked[part]
    if (asked !== undefined) return asked
    const opened: Asked = { route, names: [], waiting: [] }
    this.#asked[part] = opened
    // When all that runs in this turn has run: what it asks for, too, goes along.
    process.nextTick(() => {
      if (this.#asked[part] === opened) this.#send(part)
    })
    return opened
  }

  async #send(part: number): Promise<void> {
    const { route, names, waiting } = this.#asked[part] as Asked
    this.#asked[part] = undefined
    try {
      const words = ['MGET', ...names]
      const records = (await this.#commands.run(route, words, 'repeatable')) as (Buffer | null)[]
      for (const [at, { resolve }] of waiting.entries()) resolve(records[at] ?? undefined)
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }
}
