import { createOpenAI } from '@ai-sdk/openai'
import { embed, embedMany, generateText, streamText, wrapLanguageModel } from 'ai'
import { wrapLanguageModel as wrapLanguageModel5 } from 'ai-5'
import { describe, expect, test } from 'vitest'
import { cachedEmbeddingModel, languageModelCache } from '../../src/ai-sdk.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { modelServer, vectorOf } from './model-server.js'

async function set() {
  const server = await modelServer()
  const dict = open(memoryStore())
  const openai = createOpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` })
  const cache = languageModelCache(dict)
  const model = wrapLanguageModel({ model: openai.chat('test-model'), middleware: cache })
  return { server, dict, openai, cache, model }
}

test('generateText() with the middleware asks the model once for equal calls', async () => {
  const { server, cache, model } = await set()
  const ask = () => generateText({ model, prompt: 'hello', maxRetries: 0 })
  const [first, second] = [await ask(), await ask()]
  expect([first.text, second.text]).toEqual(['answer 1', 'answer 1'])
  expect(second.response.timestamp).toBeInstanceOf(Date)
  expect(second.usage).toEqual(first.usage)
  expect(server.calls).toBe(1)
  expect(cache.stats()).toMatchObject({
    hits: 1,
    misses: 1,
    inputTokensSaved: 10,
    outputTokensSaved: 5,
  })
  const headers = { 'x-trace': '1' }
  expect((await generateText({ model, prompt: 'hello', headers })).text).toBe('answer 1')
  expect((await generateText({ model, prompt: 'hello', temperature: 1 })).text).toBe('answer 2')
})

test('streamText() with the middleware replays a stream part for part', async () => {
  const { server, cache, model } = await set()
  const parts = async () => {
    const all: unknown[] = []
    const result = streamText({ model, prompt: 'hello', maxRetries: 0 })
    for await (const part of result.fullStream) all.push(part)
    return all
  }
  const first = await parts()
  await expect.poll(() => cache.stats().misses).toBe(1)
  const second = await parts()
  const kinds = (all: unknown[]) => all.map((part) => (part as { type: string }).type)
  expect(kinds(second)).toEqual(kinds(first))
  const texts = (all: unknown[]) => all.map((part) => (part as { text?: string }).text)
  expect(texts(second)).toEqual(texts(first))
  expect(server.calls).toBe(1)
})

test('a stream that broke, or was truncated, is not stored', async () => {
  const { server, model } = await set()
  const ask = async () => {
    let text = ''
    for await (const part of streamText({ model, prompt: 'x', maxRetries: 0, onError() {} })
      .textStream) {
      text += part
    }
    return text
  }
  server.fail = () => 'truncated'
  expect(await ask()).toBe('streamed answer 1')
  server.fail = () => 'broken stream'
  await ask()
  server.fail = () => 'no'
  expect(await ask()).toBe('streamed answer 3')
})

test('a hit is an object of its own', async () => {
  const { model } = await set()
  const call = () =>
    model.doGenerate({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] })
  const first = await call()
  const hit = await call()
  ;(hit.content[0] as { text: string }).text = 'changed'
  expect((await call()).content).toEqual(first.content)
  expect(Object.isFrozen(hit)).toBe(false)
})

test('calls at the same time are one, and fail together', async () => {
  const { server, model } = await set()
  const ask = () => generateText({ model, prompt: 'hello', maxRetries: 0 })
  const answers = await Promise.all(Array.from({ length: 20 }, ask))
  expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set(['answer 1']))
  server.fail = () => 'error 500'
  await expect(generateText({ model, prompt: 'other', maxRetries: 0 })).rejects.toThrow()
  expect(server.calls).toBe(2)
})

test('files and dates of an answer come back as they were', async () => {
  const dict = open(memoryStore())
  const content = [
    { type: 'file', mediaType: 'image/png', data: new Uint8Array([1, 2, 255]) },
    { type: 'text', text: 'see' },
  ]
  const timestamp = new Date(1_750_000_000_000)
  let calls = 0
  const doGenerate = async () => {
    calls++
    return {
      content,
      finishReason: 'stop',
      usage: {},
      response: { timestamp, headers: { a: '1' } },
      warnings: [],
    }
  }
  const cache = languageModelCache(dict)
  const call = () =>
    cache.wrapGenerate({ doGenerate, params: {}, model: { provider: 'p', modelId: 'm' } })
  await call()
  const hit = await call()
  expect(calls).toBe(1)
  expect(hit.content).toEqual(content)
  expect(hit.response).toEqual({ timestamp })
})

describe('with ai 5', () => {
  test('the middleware fits wrapLanguageModel()', async () => {
    const dict = open(memoryStore())
    const cache = languageModelCache(dict)
    let calls = 0
    const inner = {
      specificationVersion: 'v2' as const,
      provider: 'p',
      modelId: 'm',
      supportedUrls: {},
      doGenerate: async () => {
        calls++
        return {
          content: [{ type: 'text' as const, text: `answer ${calls}` }],
          finishReason: 'stop' as const,
          usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
          warnings: [],
        }
      },
      doStream: async () => {
        throw new Error('not asked')
      },
    }
    const model = wrapLanguageModel5({ model: inner, middleware: cache })
    const call = () =>
      model.doGenerate({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] })
    expect((await call()).content).toEqual([{ type: 'text', text: 'answer 1' }])
    expect((await call()).content).toEqual([{ type: 'text', text: 'answer 1' }])
    expect(cache.stats()).toMatchObject({ hits: 1, outputTokensSaved: 2 })
  })
})

describe('cachedEmbeddingModel()', () => {
  test('sends only texts that are missing, each once, and keeps their order', async () => {
    const { server, dict, openai } = await set()
    const model = cachedEmbeddingModel(openai.embedding('test-embedding'), dict)
    expect((await embed({ model, value: 'a' })).embedding).toEqual(vectorOf('a'))
    const { embeddings } = await embedMany({ model, values: ['b', 'a', 'c', 'b'] })
    expect(embeddings).toEqual(['b', 'a', 'c', 'b'].map(vectorOf))
    expect(server.bodies.map(({ input }) => input)).toEqual([['a'], ['b', 'c']])
    await embedMany({ model, values: ['c', 'b', 'a'] })
    expect(server.calls).toBe(2)
  })

  test('vectors of other models and settings are others', async () => {
    const { server, dict, openai } = await set()
    for (const name of ['one', 'two']) {
      await embed({ model: cachedEmbeddingModel(openai.embedding(name), dict), value: 'a' })
    }
    const model = cachedEmbeddingModel(openai.embedding('one'), dict)
    await embed({ model, value: 'a', providerOptions: { openai: { dimensions: 5 } } })
    expect(server.calls).toBe(3)
  })
})
