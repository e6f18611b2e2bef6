/**
 * An answer that arrives bit by bit: whoever asks the model gets it as it comes, and all others, here
 * and in other processes, when it is complete.
 */
export class LiveAnswer<L> {
  readonly #live: Promise<L>
  #resolve: (live: L) => void = () => {}
  #stored: Promise<unknown> = Promise.resolve()

  constructor() {
    this.#live = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** The answer begins to arrive: hands it to the caller. */
  begun(live: L): void {
    this.#resolve(live)
  }

  /**
   * The stream for the caller. It ends when the answer is stored: who has read it to its end may close
   * the dict.
   */
  handedOn<P>(stream: ReadableStream<P>): ReadableStream<P> {
    // Why it was not stored has been told elsewhere.
    const flush = () => this.#stored.then(undefined, () => {}) as Promise<void>
    return stream.pipeThrough(new TransformStream<P, P>({ flush }))
  }

  /** The live answer if this caller is the one that asks; else what the stored one makes. */
  async or(stored: Promise<L>): Promise<L> {
    this.#stored = stored
    // If the live answer wins, how storing ends is no longer this caller's matter.
    stored.catch(() => {})
    return Promise.race([this.#live, stored])
  }
}
