/** The examples of the documentation, from several processes at once, against a local server. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempDirectory } from '../processes/temp-directory.js'
import { modelServer } from './model-server.js'

function run(script: string, args: string[], url: string): Promise<string> {
  const file = fileURLToPath(new URL(`../../docs/examples/${script}`, import.meta.url))
  const env = { ...process.env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: `${url}/v1` }
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { env })
  let [output, errors] = ['', '']
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    errors += text
  })
  return new Promise((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(errors))))
  })
}

test('docs/examples/llm-cache.ts in three processes asks each question once', async () => {
  const server = await modelServer()
  const path = tempDirectory()
  const outputs = await Promise.all([1, 2, 3].map(() => run('llm-cache.ts', [path], server.url)))
  expect(server.calls).toBe(3)
  const answers = outputs.map((output) => output.split('\n').slice(0, 3).join('\n'))
  expect(new Set(answers).size).toBe(1)
  expect(await run('llm-cache.ts', [path], server.url)).toContain('"hits":3,"misses":0')
  expect(server.calls).toBe(3)
})

test('docs/examples/rag.ts embeds each chunk once, and answers a question once', async () => {
  const server = await modelServer()
  const path = tempDirectory()
  const outputs = await Promise.all([1, 2].map(() => run('rag.ts', [path, 'Who?'], server.url)))
  expect(new Set(outputs).size).toBe(1)
  const embedded = server.bodies.flatMap(({ input }) => (input === undefined ? [] : [input].flat()))
  expect(embedded.length).toBe(4)
  expect(new Set(embedded).size).toBe(4)
  expect(server.bodies.filter(({ messages }) => messages !== undefined).length).toBe(1)
})
