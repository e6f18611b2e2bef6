import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { cachedFetch } from '../../src/fetch.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { modelServer } from './model-server.js'

const ASK = {
  model: 'test-model',
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
} as const

async function set(options: Parameters<typeof cachedFetch>[1] = {}) {
  const server = await modelServer()
  const dict = open(memoryStore())
  const fetch = cachedFetch(dict, options)
  const openai = new OpenAI({ apiKey: 'k1', baseURL: `${server.url}/v1`, fetch, maxRetries: 0 })
  return { server, dict, fetch, openai }
}

const ask = (openai: OpenAI, more: object = {}) =>
  openai.chat.completions.create({ ...ASK, messages: [...ASK.messages], ...more })

async function told(openai: OpenAI, more: object = {}): Promise<string> {
  const parts = await openai.chat.completions.create({
    ...ASK,
    messages: [...ASK.messages],
    ...more,
    stream: true,
  })
  let text = ''
  for await (const part of parts) text += part.choices[0]?.delta.content ?? ''
  return text
}

test('cachedFetch() answers an equal request of the OpenAI SDK from the dict', async () => {
  const { server, fetch, openai } = await set()
  const first = await ask(openai)
  const second = await ask(openai)
  expect(second).toEqual(first)
  expect(server.calls).toBe(1)
  expect(fetch.stats()).toMatchObject({
    hits: 1,
    misses: 1,
    inputTokensSaved: 10,
    outputTokensSaved: 5,
  })
})

test('cachedFetch() hands a stream on, and replays it event for event', async () => {
  const { server, fetch, openai } = await set()
  expect(await told(openai)).toBe('streamed answer 1')
  await expect.poll(() => fetch.stats().misses).toBe(1)
  expect(await told(openai)).toBe('streamed answer 1')
  expect(await told(openai)).toBe('streamed answer 1')
  expect(server.calls).toBe(1)
  expect(fetch.stats()).toMatchObject({ hits: 2, outputTokensSaved: 10 })
})

test('cachedFetch() replays a stream byte for byte', async () => {
  const { server, fetch } = await set()
  const body = JSON.stringify({ ...ASK, stream: true })
  const get = async () => {
    const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body })
    return { text: await response.text(), type: response.headers.get('content-type') }
  }
  const first = await get()
  await expect.poll(() => fetch.stats().misses).toBe(1)
  expect(await get()).toEqual(first)
  expect(server.calls).toBe(1)
})

test('cachedFetch() caches messages and streams of the Anthropic SDK', async () => {
  const server = await modelServer()
  const fetch = cachedFetch(open(memoryStore()))
  const anthropic = new Anthropic({ apiKey: 'k', baseURL: server.url, fetch, maxRetries: 0 })
  const message = { ...ASK, messages: [...ASK.messages], max_tokens: 100 }
  const first = await anthropic.messages.create(message)
  expect(await anthropic.messages.create(message)).toEqual(first)
  const text = async () => {
    let sum = ''
    for await (const event of await anthropic.messages.create({ ...message, stream: true })) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
        sum += event.delta.text
    }
    return sum
  }
  expect(await text()).toBe('answer 2')
  await expect.poll(() => fetch.stats().misses).toBe(2)
  expect(await text()).toBe('answer 2')
  expect(server.calls).toBe(2)
  expect(fetch.stats()).toMatchObject({ hits: 2, inputTokensSaved: 20, outputTokensSaved: 10 })
})

test('many equal requests at once are one call', async () => {
  const { server, openai } = await set()
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(openai)))
  expect(new Set(answers.map((answer) => answer.id)).size).toBe(1)
  const streams = await Promise.all(Array.from({ length: 20 }, () => told(openai)))
  expect(new Set(streams)).toEqual(new Set(['streamed answer 2']))
  expect(server.calls).toBe(2)
})

test('an answer that failed, was truncated or broke off is not stored', async () => {
  const { server, fetch, openai } = await set()
  server.fail = () => 'error 500'
  await expect(ask(openai)).rejects.toThrow()
  server.fail = () => 'truncated'
  expect((await ask(openai)).choices[0]?.finish_reason).toBe('length')
  expect(await told(openai)).toBe('streamed answer 3')
  server.fail = () => 'broken stream'
  await expect(told(openai)).rejects.toThrow()
  server.fail = () => 'no'
  expect((await ask(openai)).id).toBe('chat-5')
  expect(await told(openai)).toBe('streamed answer 6')
  expect(fetch.stats().hits).toBe(0)
})

test('shouldCache decides about answers that are complete', async () => {
  const { server, openai } = await set({ shouldCache: () => false })
  await ask(openai)
  await ask(openai)
  expect(server.calls).toBe(2)
})

test('keys leave out who asks, and take in everything else', async () => {
  const { fetch } = await set()
  const key = async (body: object, init: RequestInit = {}, path = '/v1/chat/completions') => {
    const url = `http://host${path}`
    const explained = await fetch.explain(url, {
      method: 'POST',
      body: JSON.stringify(body),
      ...init,
    })
    return explained?.key
  }
  const base = { ...ASK, temperature: 0, stop: ['a', 'b'], response_format: { type: 'text' } }
  const plain = await key(base)
  expect(plain).toBeDefined()
  for (const same of [
    { ...base, user: 'ada' },
    { ...base, metadata: { run: 1 } },
    { ...base, safety_identifier: 'x' },
    Object.fromEntries(Object.entries(base).reverse()),
  ]) {
    expect(await key(same)).toBe(plain)
  }
  expect(await key(base, { headers: { authorization: 'Bearer k2', 'x-request-id': '7' } })).toBe(
    plain,
  )
  expect(await key(base, {}, '/v1/chat/completions?api-key=7')).toBe(plain)
  const other: Record<string, unknown> = {
    model: 'other',
    temperature: 1,
    top_p: 0.5,
    n: 2,
    max_tokens: 7,
    max_completion_tokens: 7,
    presence_penalty: 1,
    frequency_penalty: 1,
    logit_bias: { 5: 1 },
    logprobs: true,
    top_logprobs: 2,
    seed: 1,
    stop: ['a'],
    stream: true,
    stream_options: { include_usage: true },
    tools: [],
    tool_choice: 'none',
    parallel_tool_calls: false,
    response_format: { type: 'json_object' },
    service_tier: 'flex',
    reasoning_effort: 'low',
    verbosity: 'low',
    modalities: ['text'],
    prediction: { type: 'content', content: 'x' },
    audio: { voice: 'a' },
    store: true,
    web_search_options: {},
    functions: [],
    function_call: 'auto',
    instructions: 'be short',
    input: 'x',
    previous_response_id: 'r1',
    include: ['x'],
    truncation: 'auto',
    text: { format: 'x' },
    max_output_tokens: 9,
    background: true,
    system: 'you are',
    top_k: 4,
    stop_sequences: ['x'],
    thinking: { type: 'enabled', budget_tokens: 1 },
    mcp_servers: [],
    container: 'c',
    context_management: {},
    dimensions: 5,
    encoding_format: 'base64',
    prompt_cache_key: 'p',
    messages: [{ role: 'user', content: 'What is the capital of Italy?' }],
  }
  const keys = new Set([plain])
  for (const [name, value] of Object.entries(other)) keys.add(await key({ ...base, [name]: value }))
  expect(keys.size).toBe(Object.keys(other).length + 1)
  expect(keys.size).toBeGreaterThan(40)
  expect(keys.has(await key(base, {}, '/v1/responses'))).toBe(false)
  expect(keys.has(await key(base, { headers: { 'anthropic-beta': 'x' } }))).toBe(false)
  expect(keys.has(await key({ ...base, temperature: null }))).toBe(false)
})

test('answers of one scope are not given to another, nor those of another version', async () => {
  const server = await modelServer()
  const dict = open(memoryStore())
  const of = (options: Parameters<typeof cachedFetch>[1]) =>
    new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, fetch: cachedFetch(dict, options) })
  await ask(of({ scope: 'a' }))
  await ask(of({ scope: 'b' }))
  await ask(of({ scope: 'a', version: 2 }))
  await ask(of({}))
  expect(server.calls).toBe(4)
  await ask(of({ scope: 'b' }))
  expect(server.calls).toBe(4)
})

test('requests that are no questions to a model go straight through', async () => {
  const { server, dict, fetch } = await set()
  const post = (body: RequestInit['body']) =>
    fetch(`${server.url}/v1/x`, { method: 'POST', body: body as string })
  await post('{"a":1}')
  const calls = server.calls
  const other = cachedFetch(dict, { fetch: async () => new Response('through') })
  for (const init of [
    { method: 'GET' },
    { method: 'POST', body: 'no JSON' },
    { method: 'POST', body: new FormData() },
  ]) {
    expect(await (await other(`${server.url}/v1/x`, init)).text()).toBe('through')
  }
  expect(server.calls).toBe(calls)
  expect(other.stats().misses).toBe(0)
})

test('a dict that fails does not fail the call, and says so', async () => {
  const { server, dict, fetch, openai } = await set()
  const heard: unknown[] = []
  dict.on('error', (error) => void heard.push(error))
  dict.close()
  expect((await ask(openai)).id).toBe('chat-1')
  expect((await ask(openai)).id).toBe('chat-2')
  expect(await told(openai)).toBe('streamed answer 3')
  expect(server.calls).toBe(3)
  expect(fetch.stats().errors).toBe(3)
})

test('an abort of one who waits does not end the call for the others', async () => {
  const { server, openai } = await set()
  let go = () => {}
  server.gate = new Promise((resolve) => {
    go = resolve
  })
  const stop = new AbortController()
  const options = { signal: stop.signal }
  const stopped = openai.chat.completions.create({ ...ASK, messages: [...ASK.messages] }, options)
  const waiting = ask(openai)
  await expect.poll(() => server.calls).toBe(1)
  stop.abort()
  await expect(stopped).rejects.toThrow()
  go()
  expect((await waiting).id).toBe('chat-1')
  expect(server.calls).toBe(1)
})

test('what is stored holds no key of the API and no cookie', async () => {
  const path = tempDirectory()
  const server = await modelServer()
  using dict = open(path)
  const openai = new OpenAI({
    apiKey: 'sk-secret',
    baseURL: `${server.url}/v1`,
    fetch: cachedFetch(dict),
  })
  await ask(openai)
  await dict.flush()
  const stored = JSON.stringify([...dict.namespace('persistdict:fetch')])
  expect(stored).toContain('content-type')
  expect(stored).not.toContain('sk-secret')
  expect(stored).not.toContain('cookie')
})
