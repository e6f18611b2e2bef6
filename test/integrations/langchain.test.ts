import { Embeddings } from '@langchain/core/embeddings'
import { SimpleChatModel } from '@langchain/core/language_models/chat_models'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { expect, test } from 'vitest'
import { CachedEmbeddings, PersistDictCache, PersistDictStore } from '../../src/langchain.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { modelServer, vectorOf } from './model-server.js'

class CountingEmbeddings extends Embeddings {
  readonly asked: string[][] = []
  fail = false

  constructor() {
    super({})
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    this.asked.push(texts)
    if (this.fail) throw new Error('no model')
    return texts.map(vectorOf)
  }

  override async embedQuery(text: string): Promise<number[]> {
    this.asked.push([text])
    return vectorOf(`query ${text}`)
  }
}

async function post<T>(url: string, body: object): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`The model answered ${response.status}`)
  return response.json() as Promise<T>
}

/** A chat model that asks a server in OpenAI's format. */
class HttpChatModel extends SimpleChatModel {
  readonly url: string

  constructor(url: string, cache: PersistDictCache) {
    super({ cache, maxRetries: 0 })
    this.url = url
  }

  override _llmType(): string {
    return 'http'
  }

  override async _call(messages: BaseMessage[]): Promise<string> {
    const { choices } = await post<{ choices: { message: { content: string } }[] }>(
      `${this.url}/v1/chat/completions`,
      { model: 'm', messages: messages.map(({ content }) => ({ role: 'user', content })) },
    )
    return choices[0]?.message.content ?? ''
  }
}

class HttpEmbeddings extends Embeddings {
  readonly url: string

  constructor(url: string) {
    super({})
    this.url = url
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    const { data } = await post<{ data: { embedding: number[] }[] }>(`${this.url}/v1/embeddings`, {
      model: 'm',
      input: texts,
    })
    return data.map(({ embedding }) => embedding)
  }

  override async embedQuery(text: string): Promise<number[]> {
    const [vector] = await this.embedDocuments([text])
    return vector as number[]
  }
}

test('a chat model that asks a server asks it once for equal prompts, also after a restart', async () => {
  const server = await modelServer()
  const path = tempDirectory()
  {
    using dict = open(path)
    const model = new HttpChatModel(server.url, new PersistDictCache(dict))
    expect((await model.invoke('hello')).content).toBe('answer 1')
    expect((await model.invoke('hello')).content).toBe('answer 1')
    expect(server.calls).toBe(1)
    expect((await model.invoke('bye')).content).toBe('answer 2')
  }
  using dict = open(path)
  const again = new HttpChatModel(server.url, new PersistDictCache(dict))
  expect((await again.invoke('hello')).content).toBe('answer 1')
  expect(server.calls).toBe(2)
})

test('a chat model whose server fails rejects, stores nothing, and asks again', async () => {
  const server = await modelServer()
  server.fail = () => 'error 500'
  const model = new HttpChatModel(server.url, new PersistDictCache(open(memoryStore())))
  await expect(model.invoke('hello')).rejects.toThrow('The model answered 500')
  server.fail = () => 'no'
  expect((await model.invoke('hello')).content).toBe('answer 2')
  expect(server.calls).toBe(2)
})

test('CachedEmbeddings sends a server each text once, documents and queries apart', async () => {
  const server = await modelServer()
  const path = tempDirectory()
  const inputs = () => server.bodies.map(({ input }) => input)
  {
    using dict = open(path)
    const embeddings = new CachedEmbeddings(new HttpEmbeddings(server.url), dict, { model: 'm' })
    const texts = ['a', 'b', 'a']
    expect(await embeddings.embedDocuments(texts)).toEqual(texts.map(vectorOf))
    expect(await embeddings.embedDocuments(['b', 'c'])).toEqual(['b', 'c'].map(vectorOf))
    expect(await embeddings.embedQuery('a')).toEqual(vectorOf('a'))
    expect(inputs()).toEqual([['a', 'b'], ['c'], ['a']])
  }
  using dict = open(path)
  const again = new CachedEmbeddings(new HttpEmbeddings(server.url), dict, { model: 'm' })
  expect(await again.embedDocuments(['c', 'a'])).toEqual(['c', 'a'].map(vectorOf))
  expect(await again.embedQuery('a')).toEqual(vectorOf('a'))
  expect(server.calls).toBe(3)
})

test('a chat model of LangChain with PersistDictCache answers equal prompts from the dict', async () => {
  const path = tempDirectory()
  {
    using dict = open(path)
    const model = new FakeListChatModel({
      responses: ['one', 'two', 'three'],
      cache: new PersistDictCache(dict),
    })
    expect((await model.invoke('hello')).content).toBe('one')
    expect((await model.invoke('hello')).content).toBe('one')
    expect((await model.invoke('bye')).content).toBe('two')
  }
  using dict = open(path)
  const again = new FakeListChatModel({ responses: ['other'], cache: new PersistDictCache(dict) })
  expect((await again.invoke('hello')).content).toBe('one')
})

test('lookup() hands out objects of its own, and null for what is not there', async () => {
  const cache = new PersistDictCache(open(memoryStore()))
  expect(await cache.lookup('p', 'm')).toBe(null)
  const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 }
  const message = new AIMessage({ content: 'x', usage_metadata: usage } as never)
  await cache.update('p', 'm', [{ text: 'x', message } as never])
  const look = async () => {
    const [hit] = (await cache.lookup('p', 'm')) as unknown as {
      message: { usage_metadata: typeof usage }
    }[]
    return hit?.message
  }
  const hit = await look()
  expect(hit).toBeInstanceOf(AIMessage)
  expect(hit?.usage_metadata).toMatchObject(usage)
  Object.assign(hit?.usage_metadata ?? {}, { total_tokens: 99 })
  expect((await look())?.usage_metadata).toMatchObject(usage)
  const saved = { inputTokensSaved: 2, outputTokensSaved: 4 }
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 1, errors: 0, ...saved })
})

test('generations that were truncated are not stored, nor those that shouldCache refuses', async () => {
  const cache = new PersistDictCache(open(memoryStore()), {
    shouldCache: ([first]) => first?.text !== 'no',
  })
  await cache.update('a', 'm', [{ text: 'x', generationInfo: { finish_reason: 'length' } }])
  await cache.update('b', 'm', [{ text: 'no' }])
  await cache.update('c', 'm', [{ text: 'x', generationInfo: { finish_reason: 'stop' } }])
  expect(await cache.lookup('a', 'm')).toBe(null)
  expect(await cache.lookup('b', 'm')).toBe(null)
  expect(await cache.lookup('c', 'm')).toMatchObject([{ text: 'x' }])
  expect(cache.stats()).toMatchObject({ hits: 1, misses: 2, notStored: 2 })
})

test('keys of prompt and model cannot run into each other, and scopes are kept apart', async () => {
  const dict = open(memoryStore())
  const cache = new PersistDictCache(dict)
  await cache.update('ab', 'c', [{ text: 'x' }])
  expect(await cache.lookup('a', 'bc')).toBe(null)
  expect(await new PersistDictCache(dict, { scope: 't' }).lookup('ab', 'c')).toBe(null)
  expect(await new PersistDictCache(dict, { version: 2 }).lookup('ab', 'c')).toBe(null)
})

test('a dict that fails does not fail the model, and is heard of', async () => {
  const dict = open(memoryStore())
  const heard: unknown[] = []
  dict.on('error', (error) => void heard.push(error))
  const broken = new Proxy(dict, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown
      if (name === 'namespace') return () => ({ get: fails, set: fails })
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const fails = () => {
    throw new Error('the disk is gone')
  }
  const model = new FakeListChatModel({ responses: ['one'], cache: new PersistDictCache(broken) })
  expect((await model.invoke('hello')).content).toBe('one')
  expect(heard.length).toBe(2)
})

test('CachedEmbeddings embeds each text once, documents and queries apart', async () => {
  const inner = new CountingEmbeddings()
  const embeddings = new CachedEmbeddings(inner, open(memoryStore()), { model: 'm', batchSize: 2 })
  const texts = ['a', 'b', 'a', 'c']
  expect(await embeddings.embedDocuments(texts)).toEqual(texts.map(vectorOf))
  expect(inner.asked.flat().sort()).toEqual(['a', 'b', 'c'])
  expect(Math.max(...inner.asked.map((batch) => batch.length))).toBe(2)
  expect(await embeddings.embedQuery('a')).toEqual(vectorOf('query a'))
  expect(await embeddings.embedQuery('a')).toEqual(vectorOf('query a'))
  expect(inner.asked.flat().length).toBe(4)
})

test('CachedEmbeddings stores Float32, and rejects with what the model throws', async () => {
  const dict = open(memoryStore())
  const inner = new CountingEmbeddings()
  const embeddings = new CachedEmbeddings(inner, dict, { model: 'm' })
  await embeddings.embedDocuments(['a'])
  expect(dict.stats().sizeBytes).toBeLessThan(1_000)
  inner.fail = true
  await expect(embeddings.embedDocuments(['a', 'new'])).rejects.toThrow('no model')
  expect(await embeddings.embedDocuments(['a'])).toEqual([vectorOf('a')])
})

test('PersistDictStore gets, sets, deletes and lists bytes', async () => {
  const store = new PersistDictStore(open(memoryStore()))
  await store.mset([
    ['a:1', new Uint8Array([1])],
    ['a:2', new Uint8Array([2])],
    ['b', new Uint8Array()],
  ])
  expect(await store.mget(['a:1', 'none', 'b'])).toEqual([
    new Uint8Array([1]),
    undefined,
    new Uint8Array(),
  ])
  const keys: string[] = []
  for await (const key of store.yieldKeys('a:')) keys.push(key)
  expect(keys).toEqual(['a:1', 'a:2'])
  await store.mdelete(['a:1'])
  expect(await store.mget(['a:1'])).toEqual([undefined])
})
