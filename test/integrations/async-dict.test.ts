/** The adapters take asynchronous dicts, too. */
import { createOpenAI } from '@ai-sdk/openai'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { generateText, streamText, wrapLanguageModel } from 'ai'
import Keyv from 'keyv'
import { expect, onTestFinished, test } from 'vitest'
import { languageModelCache } from '../../src/ai-sdk.js'
import { cachedFetch } from '../../src/fetch.js'
import { openAsync } from '../../src/index.js'
import { KeyvPersistDict } from '../../src/keyv.js'
import { PersistDictCache, PersistDictStore } from '../../src/langchain.js'
import { asyncMemoryStore, memoryStore } from '../../src/memory.js'
import { modelServer } from './model-server.js'

const PLACES = { 'an AsyncStore': asyncMemoryStore, 'a SyncStore': memoryStore }

for (const [name, place] of Object.entries(PLACES)) {
  const opened = async () => {
    const dict = await openAsync<Record<string, unknown>>(place())
    onTestFinished(() => dict.close())
    return dict
  }

  test(`Keyv stores in an asynchronous dict over ${name}`, async () => {
    const dict = await opened()
    const keyv = new Keyv({ store: new KeyvPersistDict(dict), namespace: 'k' })
    await keyv.set('a', { n: 1 }, 60_000)
    expect(await keyv.get('a')).toEqual({ n: 1 })
    expect(await keyv.delete('a')).toBe(true)
    expect(await keyv.get('a')).toBe(undefined)
  })

  test(`cachedFetch() answers from an asynchronous dict over ${name}`, async () => {
    const server = await modelServer()
    const dict = await opened()
    const fetch = cachedFetch(dict)
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }] })
    const url = `${server.url}/v1/chat/completions`
    const ask = async () => (await fetch(url, { method: 'POST', body })).json()
    expect(await ask()).toEqual(await ask())
    expect(server.calls).toBe(1)
  })

  test(`the middleware of the AI SDK answers from an asynchronous dict over ${name}, streams, too`, async () => {
    const server = await modelServer()
    const openai = createOpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` })
    const middleware = languageModelCache(await opened())
    const model = wrapLanguageModel({ model: openai.chat('test-model'), middleware })
    const ask = () => generateText({ model, prompt: 'hello', maxRetries: 0 })
    const first = await ask()
    const second = await ask()
    expect([first.text, second.text]).toEqual(['answer 1', 'answer 1'])
    expect(second.response.timestamp).toEqual(first.response.timestamp)
    expect(server.calls).toBe(1)
    const streamed = () => streamText({ model, prompt: 'hello', maxRetries: 0 }).text
    const text = await streamed()
    await expect.poll(() => middleware.stats().misses).toBe(2)
    expect(await streamed()).toBe(text)
    expect(server.calls).toBe(2)
    expect(middleware.stats()).toMatchObject({ hits: 2, misses: 2 })
  })

  test(`LangChain caches in an asynchronous dict over ${name}, and its failures are error events`, async () => {
    const dict = await opened()
    const told: unknown[] = []
    dict.on('error', (error) => told.push(error))
    const cache = new PersistDictCache(dict)
    const model = new FakeListChatModel({ responses: ['one', 'two'], cache })
    expect((await model.invoke('hello')).content).toBe('one')
    expect((await model.invoke('hello')).content).toBe('one')
    const store = new PersistDictStore(dict)
    await store.mset([['k', new Uint8Array([1, 2])]])
    expect(await store.mget(['k', 'none'])).toEqual([new Uint8Array([1, 2]), undefined])
    dict.reportError(new Error('what no call reports'))
    expect(told).toEqual([new Error('what no call reports')])
    expect((await dict.stats()).errors).toBe(1)
  })
}
