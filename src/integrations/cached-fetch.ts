/**
 * A `fetch` that answers requests to models from a dict: for the `fetch` option of the SDKs of OpenAI,
 * Anthropic and others.
 *
 * Only POST requests with a JSON body are cached; others go straight through. Answers are stored if
 * their status is 2xx, they came to their end, and nothing in them says that they were truncated or
 * filtered. Streams are handed on as they come, and replayed byte for byte.
 */
import type { KeyExplanation } from '../recipes/canonical-key.js'
import { isComplete, type TokenUsage, usageIn, usageOfEvents } from './answer.js'
import {
  AnswerCache,
  type AnswerCacheOptions,
  type Answered,
  type AnswerStats,
} from './answer-cache.js'
import type { DictFace } from './dict-face.js'
import { LiveAnswer } from './live-answer.js'
import { isEnded, jsonEvents } from './server-sent-events.js'

/** Options of cachedFetch(). */
export interface CachedFetchOptions extends AnswerCacheOptions {
  /** What asks the server. @default the global fetch */
  readonly fetch?: Fetch | undefined
  /**
   * Properties of the request's body that make no difference, as paths: `user`, `metadata.trace`.
   * They are left out of the key besides `user`, `metadata` and `safety_identifier`. @default none
   */
  readonly ignore?: readonly string[] | undefined
  /** Whether an answer that is complete is stored. Called with its JSON, or with a stream's events. */
  readonly shouldCache?: ((answer: unknown) => boolean) | undefined
}

/** A fetch as the SDKs take it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** A fetch with a memory: what cachedFetch() makes. */
export interface CachedFetch extends Fetch {
  /** What it did since it was made. */
  stats(): AnswerStats
  /** The key of a request, and what it was made from; undefined for one that is not cached. */
  explain(input: string | URL | Request, init?: RequestInit): Promise<KeyExplanation | undefined>
}

/** An answer of a server as it is stored. */
interface StoredResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

/** The parts of a body that say who asks, and not what. */
const WHO_ASKS = ['user', 'metadata', 'safety_identifier']

/** Headers of a request that change its answer. All others, Authorization among them, are left out. */
const COUNTED_HEADERS = /^(anthropic-version|anthropic-beta|openai-beta|x-goog-api-version)$/

/** Parts of a query that are secrets: Google and Azure take keys there. */
const SECRET_PARAMETERS = /^(key|api[-_]?key|token|access_token|sig)$/i

/** Headers that belong to the connection, or to the one who asked first. */
const NOT_STORED =
  /^(connection|keep-alive|transfer-encoding|content-encoding|content-length|set-cookie|date)$/i

/** Says that an answer came from the dict. */
const HIT_HEADER = 'x-persistdict'

/**
 * A `fetch` that answers requests to models from a dict, for the `fetch` option of the SDKs of
 * OpenAI, Anthropic and others. Only POST requests with a JSON body are cached; others go straight
 * through. Answers are stored if their status is 2xx, they came to their end, and nothing in them
 * says that they were truncated or filtered. Fails open: whatever goes wrong with the dict, the
 * server is asked, and `'error'` is told.
 */
export function cachedFetch(dict: DictFace, options: CachedFetchOptions = {}): CachedFetch {
  const { fetch: ask = globalThis.fetch, shouldCache = () => true, ignore = [] } = options
  const ignored = [...WHO_ASKS, ...ignore].map((path) => `body.${path}`)
  const cache = new AnswerCache<StoredResponse>(dict, 'persistdict:fetch', options, ignored)

  const cached = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const described = await describe(input, init)
    if (described === undefined) return ask(input, init)
    const live = new LiveAnswer<Response>()
    const answered = cache.answer(
      described,
      async (signal) => {
        const again = input instanceof Request ? input.clone() : input
        return read(await ask(again, { ...init, signal }), live, shouldCache)
      },
      init?.signal ?? (input instanceof Request ? input.signal : undefined),
    )
    return live.or(answered.then(replay))
  }
  return Object.assign(cached, {
    stats: () => cache.stats,
    explain: async (input: string | URL | Request, init?: RequestInit) => {
      const described = await describe(input, init)
      return described && cache.explain(described)
    },
  })
}

/** What counts of a request; undefined for one that is not cached. */
async function describe(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<object | undefined> {
  const given = input instanceof Request ? input : undefined
  const method = init?.method ?? given?.method ?? 'GET'
  if (method.toUpperCase() !== 'POST') return undefined
  const text = await textOf(init?.body ?? given?.clone())
  const body = text === undefined ? undefined : jsonIn(text)
  if (typeof body !== 'object' || body === null) return undefined
  const url = new URL(given?.url ?? String(input))
  for (const name of [...url.searchParams.keys()]) {
    if (SECRET_PARAMETERS.test(name)) url.searchParams.delete(name)
  }
  url.searchParams.sort()
  const headers = [...new Headers(init?.headers ?? given?.headers)]
  return {
    url: `${url.origin}${url.pathname}${url.search}`,
    headers: headers.filter(([name]) => COUNTED_HEADERS.test(name)),
    body,
  }
}

/** The text of a body that can be read more than once; undefined for streams and forms. */
async function textOf(body: unknown): Promise<string | undefined> {
  if (typeof body === 'string') return body
  if (body instanceof Request || body instanceof Blob) return body.text()
  if (body instanceof ArrayBuffer) return Buffer.from(body).toString('utf8')
  if (ArrayBuffer.isView(body)) {
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  }
  return undefined
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads an answer to its end, handing it on as it comes if it is a stream. */
async function read(
  response: Response,
  live: LiveAnswer<Response>,
  shouldCache: (answer: unknown) => boolean,
) {
  const isStream = /text\/event-stream/.test(response.headers.get('content-type') ?? '')
  let bytes: Uint8Array
  if (isStream && response.body !== null) {
    const [handedOn, kept] = response.body.tee()
    live.begun(new Response(live.handedOn(handedOn), response))
    bytes = new Uint8Array(await new Response(kept).arrayBuffer())
  } else {
    bytes = new Uint8Array(await response.arrayBuffer())
  }
  const answer = {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers].filter(([name]) => !NOT_STORED.test(name)),
    body: bytes,
  }
  const { isWhole, content, usage } = look(bytes, isStream)
  const isStorable = response.ok && isWhole && shouldCache(content)
  return { answer, usage, isStorable }
}

interface Look {
  readonly isWhole: boolean
  readonly content: unknown
  readonly usage: TokenUsage
}

function look(bytes: Uint8Array, isStream: boolean): Look {
  const text = new TextDecoder().decode(bytes)
  if (isStream) {
    const events = jsonEvents(text)
    const isWhole = isEnded(text, events) && events.every(isComplete)
    return { isWhole, content: events, usage: usageOfEvents(events) }
  }
  try {
    const content: unknown = JSON.parse(text)
    return { isWhole: isComplete(content), content, usage: usageIn(content) }
  } catch {
    // Speech, images: there is nothing in it that could say that it is not whole.
    return { isWhole: bytes.length > 0, content: undefined, usage: usageIn(undefined) }
  }
}

function replay({ answer, isHit }: Answered<StoredResponse>): Response {
  const { status, statusText, headers, body } = answer
  const again = new Headers(headers.map(([name, value]) => [name, value]))
  if (isHit) again.set(HIT_HEADER, 'hit')
  // A copy: the stored bytes are shared by all readers. Some statuses allow no body, empty or not.
  const content = body.length === 0 ? null : new Uint8Array(body)
  return new Response(content, { status, statusText, headers: again })
}
