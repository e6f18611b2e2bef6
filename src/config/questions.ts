/** Questions and answers over two streams: a terminal, or pipes. */
import { createInterface, type Interface } from 'node:readline'
import { ConfigError } from '../errors/config-error.js'

/** Where a person reads and writes. */
export interface Dialogue {
  /** Where answers come from, a line each: process.stdin, a pseudo-terminal, or a pipe. */
  readonly input: NodeJS.ReadableStream
  /** Where questions go. Lines can be edited if it is a terminal. */
  readonly output: NodeJS.WritableStream
}

export interface Question<T> {
  readonly text: string
  /** What Enter alone stands for, as it is shown. */
  readonly usual: string
  /** What an answer means. Throws ConfigError for one that cannot be. */
  parse(answer: string): T
}

export class Questions {
  readonly #output: NodeJS.WritableStream
  readonly #readline: Interface
  // Lines that a pipe brings before they are asked for are kept by it.
  readonly #lines: AsyncIterator<string>

  constructor({ input, output }: Dialogue) {
    this.#output = output
    this.#readline = createInterface({ input, output })
    this.#lines = this.#readline[Symbol.asyncIterator]()
  }

  say(text: string): void {
    this.#output.write(`${text}\n`)
  }

  /**
   * Asks until the answer can be used; undefined if it was Enter alone. Rejects with ConfigError if the
   * input ends.
   */
  async ask<T>({ text, usual, parse }: Question<T>): Promise<T | undefined> {
    for (;;) {
      this.#readline.setPrompt(`${text} [${usual}] `)
      this.#readline.prompt()
      const { value, done } = await this.#lines.next()
      if (done === true) {
        throw new ConfigError('', 'The questions were not answered to the end. Nothing was made.')
      }
      const answer = value.trim()
      if (answer === '') return undefined
      try {
        return parse(answer)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        this.say(error.message)
      }
    }
  }

  close(): void {
    this.#readline.close()
  }
}
