/**
 * Middleware of the AI SDK (https://ai-sdk.dev) for language models: answers and streams from a dict.
 * For `wrapLanguageModel` of `ai` 5 and 6. What it needs of their types is written here, so that it
 * goes with the next version of the specification as long as that keeps the names.
 *
 * A stream is handed on as it comes and stored after its `finish` part, if no part was an error; it is
 * replayed part for part.
 */
import { isComplete, type TokenUsage, usageIn, usageOfEvents } from './answer.js'
import { AnswerCache, type AnswerCacheOptions, type AnswerStats } from './answer-cache.js'
import type { DictFace } from './dict-face.js'
import { LiveAnswer } from './live-answer.js'

/** Options of languageModelCache(). */
export interface LanguageModelCacheOptions extends AnswerCacheOptions {
  /** Parameters of a call that make no difference, as paths: `providerOptions.openai.user`. @default none */
  readonly ignore?: readonly string[] | undefined
  /** Whether an answer that is complete is stored. Called with the result, or the parts of a stream. */
  readonly shouldCache?: ((answer: unknown) => boolean) | undefined
}

/** What is asked of a model's parameters. */
export interface CallParams {
  readonly abortSignal?: AbortSignal | undefined
}

/** Which model it is. */
export interface ModelName {
  readonly provider: string
  readonly modelId: string
}

/** What a model gives that streams its answer. */
export interface StreamResult<P> {
  /** The parts of the answer, as they come. */
  readonly stream: ReadableStream<P>
}

/** The middleware, for `wrapLanguageModel({ model, middleware })`. */
export interface LanguageModelCache {
  /** What `ai` 6 asks for. */
  readonly specificationVersion: 'v3'
  /** What `ai` 5 asks for. */
  readonly middlewareVersion: 'v2'
  /** Called by the AI SDK for a whole answer. */
  wrapGenerate<R>(call: {
    readonly doGenerate: () => PromiseLike<R>
    readonly params: CallParams
    readonly model: ModelName
  }): Promise<R>
  /** Called by the AI SDK for a stream. */
  wrapStream<P, R extends StreamResult<P>>(call: {
    readonly doStream: () => PromiseLike<R>
    readonly params: CallParams
    readonly model: ModelName
  }): Promise<R>
  /** What it did since it was made. */
  stats(): AnswerStats
}

/** Parameters that say how to ask, and not what. */
const HOW_TO_ASK = ['params.abortSignal', 'params.headers']

/**
 * Middleware that answers calls of language models from a dict, for `wrapLanguageModel` of `ai` 5
 * and 6. Fails open: whatever goes wrong with the dict, the model is asked, and `'error'` is told.
 * Streams are handed on as they come, stored after a clean end, and replayed part for part.
 */
export function languageModelCache(
  dict: DictFace,
  options: LanguageModelCacheOptions = {},
): LanguageModelCache {
  const { shouldCache = () => true, ignore = [] } = options
  const ignored = [...HOW_TO_ASK, ...ignore.map((path) => `params.${path}`)]
  const cache = new AnswerCache<unknown>(dict, 'persistdict:ai-sdk', options, ignored)
  const request = (operation: string, { provider, modelId }: ModelName, params: CallParams) => {
    return { operation, provider, modelId, params: { ...params, abortSignal: undefined } }
  }

  return {
    specificationVersion: 'v3',
    middlewareVersion: 'v2',

    async wrapGenerate({ doGenerate, params, model }) {
      const ask = async () => {
        const answer = storable(await doGenerate())
        const isStorable = isComplete(answer) && shouldCache(answer)
        return { answer, usage: usageIn(answer), isStorable }
      }
      const asked = request('generate', model, params)
      const { answer } = await cache.answer(asked, ask, params.abortSignal)
      // Stored answers are frozen and shared: each caller gets one of its own.
      return structuredClone(answer) as never
    },

    async wrapStream<P, R extends StreamResult<P>>({
      doStream,
      params,
      model,
    }: {
      readonly doStream: () => PromiseLike<R>
      readonly params: CallParams
      readonly model: ModelName
    }): Promise<R> {
      const live = new LiveAnswer<R>()
      const ask = async () => {
        const result = await doStream()
        const [handedOn, kept] = result.stream.tee()
        live.begun({ ...result, stream: live.handedOn(handedOn) })
        const parts: P[] = []
        for await (const part of kept) parts.push(part)
        return { answer: parts, ...judged(parts, shouldCache) }
      }
      const asked = request('stream', model, params)
      const answered = cache.answer(asked, ask, params.abortSignal)
      const replayed = answered.then(({ answer }) => ({ stream: replay(answer as P[]) }) as R)
      return live.or(replayed)
    },

    stats: () => cache.stats,
  }
}

/** A result without what belongs to the first caller's connection: request, raw response, headers. */
function storable(result: unknown): unknown {
  const { request: _request, response, ...rest } = result as Record<string, unknown>
  if (typeof response !== 'object' || response === null) return rest
  const { headers: _headers, body: _body, ...told } = response as Record<string, unknown>
  return { ...rest, response: told }
}

function judged(
  parts: readonly unknown[],
  shouldCache: (answer: unknown) => boolean,
): { usage: TokenUsage; isStorable: boolean } {
  const types = new Set(parts.map((part) => (part as { type?: unknown }).type))
  const isWhole = types.has('finish') && !types.has('error') && parts.every(isComplete)
  return { usage: usageOfEvents(parts), isStorable: isWhole && shouldCache(parts) }
}

function replay<P>(parts: readonly P[]): ReadableStream<P> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at < parts.length) controller.enqueue(structuredClone(parts[at++] as P))
      else controller.close()
    },
  })
}
