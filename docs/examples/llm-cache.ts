/**
 * Asks a model three questions through one cache that all processes share. Run it in several terminals
 * at once, and again: every question is asked once.
 *
 *     OPENAI_API_KEY=… node --import tsx docs/examples/llm-cache.ts ./cache
 *
 * OPENAI_BASE_URL and MODEL name another server and another model.
 */
import OpenAI from 'openai'
import { open } from 'persistdict'
import { cachedFetch } from 'persistdict/fetch'

const QUESTIONS = ['What is a B+tree?', 'What is an LRU cache?', 'What is a fencing token?']

const dict = open(process.argv[2] ?? './cache', { maxBytes: 2 ** 30 })
const fetch = cachedFetch(dict, { scope: 'example', ttl: '30d' })
const openai = new OpenAI({ fetch })

for (const question of QUESTIONS) {
  const stream = await openai.chat.completions.create({
    model: process.env.MODEL ?? 'gpt-4o-mini',
    messages: [{ role: 'user', content: question }],
    stream: true,
  })
  let text = ''
  for await (const part of stream) text += part.choices[0]?.delta.content ?? ''
  console.log(`${question} ${text}`)
}

await dict.flush()
const { hits, misses, outputTokensSaved } = fetch.stats()
console.log(JSON.stringify({ hits, misses, outputTokensSaved }))
dict.close()
