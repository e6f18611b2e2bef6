/**
 * What the adapters for models share: answers under keys of their requests, computed once by all
 * processes, and what that saved.
 *
 * FAIL OPEN. Whatever goes wrong with the dict, the model is asked, and `'error'` is told: a cache
 * must never fail a call that would have worked without it.
 */
import { systemClock } from '../clock.js'
import type { Duration } from '../duration.js'
import { canonicalKey, explainKey, type KeyExplanation } from '../recipes/canonical-key.js'
import type { TokenUsage } from './answer.js'
import { type DictFace, within } from './dict-face.js'

/** Options of all adapters for models. */
export interface AnswerCacheOptions {
  /**
   * Whose answers these are: those of one scope are never given to another. A tenant, a user.
   * @default one scope for all
   */
  readonly scope?: string | undefined
  /** Another version makes all keys others: for a change of prompts or tools around the model. */
  readonly version?: string | number | undefined
  /** How long answers live. Null for ever. @default the dict's `ttl` */
  readonly ttl?: Duration | null | undefined
  /** Tags of the entries, for invalidateTag() of the namespace that the adapter uses. */
  readonly tags?: readonly string[] | undefined
}

/** What an adapter did since it was made. */
export interface AnswerStats {
  /** Answers that came from the dict. */
  readonly hits: number
  /** Answers that the model was asked for. */
  readonly misses: number
  /** Answers that were passed on and not stored. */
  readonly notStored: number
  /** Failures of the dict, after which the model was asked without it. */
  readonly errors: number
  /** Tokens of the answers that came from the dict. */
  readonly inputTokensSaved: number
  /** Tokens that the model would have written. */
  readonly outputTokensSaved: number
  /** Time that those answers took when they were computed, in milliseconds. */
  readonly msSaved: number
}

/** An answer as it is stored. */
export interface StoredAnswer<A> {
  readonly answer: A
  readonly usage: TokenUsage
  /** How long the model took. */
  readonly tookMs: number
}

/** What a computation returns: the answer, and whether it may be stored. */
export interface FreshAnswer<A> {
  readonly answer: A
  readonly usage: TokenUsage
  readonly isStorable: boolean
}

/** An answer, and where it came from: the dict shares its answers between all who read them. */
export interface Answered<A> {
  readonly answer: A
  readonly isHit: boolean
}

/** A failure of the model itself, which must reach the caller. */
class ModelFailure {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

export class AnswerCache<A> {
  readonly #dict: DictFace
  readonly #options: AnswerCacheOptions
  readonly #ignored: readonly string[]
  readonly #stats = {
    hits: 0,
    misses: 0,
    notStored: 0,
    errors: 0,
    inputTokensSaved: 0,
    outputTokensSaved: 0,
    msSaved: 0,
  }

  /** `name` is the namespace of the answers; `ignored` are the paths of a request that do not count. */
  constructor(
    dict: DictFace,
    name: string,
    options: AnswerCacheOptions,
    ignored: readonly string[],
  ) {
    this.#dict = within(dict, name)
    this.#options = options
    this.#ignored = ignored.map((path) => `request.${path}`)
  }

  get stats(): AnswerStats {
    return { ...this.#stats }
  }

  /** The key of a request. Throws UnkeyableValueError for a part that cannot be compared. */
  key(request: unknown): string {
    return canonicalKey(this.#counted(request), { ignore: this.#ignored })
  }

  /** The key of a request, and all that it was made from. */
  explain(request: unknown): KeyExplanation {
    return explainKey(this.#counted(request), { ignore: this.#ignored })
  }

  /**
   * The answer to a request, from the dict or from `ask`, which runs once for all who ask at the same
   * time in any process. Rejects with what `ask` throws, and with the signal's reason.
   */
  async answer(
    request: unknown,
    ask: (signal: AbortSignal) => Promise<FreshAnswer<A>>,
    signal: AbortSignal | undefined,
  ): Promise<Answered<A>> {
    let fresh: FreshAnswer<A> | undefined
    try {
      const stored = (await this.#dict.getOrSet(
        this.key(request),
        async (context) => {
          const start = systemClock.monotonic()
          fresh = await ask(context.signal).catch((error: unknown) => {
            throw new ModelFailure(error)
          })
          if (!fresh.isStorable) context.skip()
          const tookMs = systemClock.monotonic() - start
          return { answer: fresh.answer, usage: fresh.usage, tookMs }
        },
        { ttl: this.#options.ttl, tags: this.#options.tags, signal },
      )) as StoredAnswer<A>
      if (fresh === undefined) this.#hit(stored)
      else this.#missed(fresh)
      return { answer: stored.answer, isHit: fresh === undefined }
    } catch (error) {
      if (error instanceof ModelFailure) throw error.error
      if (signal?.aborted) throw error
      this.failed(error)
      // It was answered, and only storing failed.
      const { answer } = fresh ?? (await ask(signal ?? NEVER))
      return { answer, isHit: false }
    }
  }

  /** Tells of a failure of the dict. */
  failed(error: unknown): void {
    this.#stats.errors++
    try {
      this.#dict.reportError(error)
    } catch {
      // The dict is closed: nobody listens to it any more, and the count says that it happened.
    }
  }

  #hit({ usage, tookMs }: StoredAnswer<A>): void {
    this.#stats.hits++
    this.#stats.inputTokensSaved += usage.inputTokens
    this.#stats.outputTokensSaved += usage.outputTokens
    this.#stats.msSaved += tookMs
  }

  #missed({ isStorable }: FreshAnswer<A>): void {
    this.#stats.misses++
    if (!isStorable) this.#stats.notStored++
  }

  #counted(request: unknown): unknown {
    const { scope, version } = this.#options
    return { scope, version, request }
  }
}

const NEVER = new AbortController().signal
