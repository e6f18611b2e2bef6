/**
 * Retrieval over a few documents: chunks, their vectors and the answers are in one dict, which all
 * processes share. Each chunk is embedded once, each question answered once.
 *
 *     OPENAI_API_KEY=… node --import tsx docs/examples/rag.ts ./rag "Who wrote the first program?"
 */
import OpenAI from 'openai'
import { open } from 'persistdict'
import { cachedFetch } from 'persistdict/fetch'

const DOCUMENTS = [
  'Ada Lovelace wrote the first program, for the Analytical Engine of Charles Babbage.',
  'Alan Turing described a machine that can compute whatever is computable.',
  'Grace Hopper wrote the first compiler.',
]

const [path = './rag', question = 'Who wrote the first program?'] = process.argv.slice(2)
const dict = open(path)
const openai = new OpenAI({ fetch: cachedFetch(dict) })

const embed = dict.namespace('vectors').memoizeMany(
  async (texts: string[]) => {
    const { data } = await openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: texts,
    })
    return data.map(({ embedding }) => Float32Array.from(embedding))
  },
  { name: 'embed', version: 'text-embedding-3-small', batchSize: 100 },
)

const vectors = await embed(DOCUMENTS)
const [asked] = await embed([question])
const ranked = DOCUMENTS.map((text, at) => ({ text, score: cosine(vectors[at], asked) }))
ranked.sort((a, b) => b.score - a.score)

const answer = await openai.chat.completions.create({
  model: process.env.MODEL ?? 'gpt-4o-mini',
  messages: [
    { role: 'system', content: `Answer from this:\n${ranked[0]?.text}` },
    { role: 'user', content: question },
  ],
})
console.log(answer.choices[0]?.message.content)
await dict.flush()
dict.close()

function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined) return 0
  const dot = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, n, at) => sum + n * (y[at] ?? 0), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
