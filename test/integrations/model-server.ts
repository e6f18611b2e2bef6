/** A server on loopback that speaks the formats of OpenAI and Anthropic, and counts what it is asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ModelServer {
  readonly url: string
  /** How often a model was asked. */
  readonly calls: number
  /** The bodies of all requests. */
  readonly bodies: readonly Record<string, unknown>[]
  /** Asked before each answer: a status other than 200, or a broken stream. */
  fail: (call: number) => 'no' | 'error 500' | 'broken stream' | 'truncated'
  /** Answers wait for it. */
  gate: Promise<void>
}

export async function modelServer(): Promise<ModelServer> {
  const state = {
    url: '',
    calls: 0,
    bodies: [] as Record<string, unknown>[],
    fail: () => 'no' as const,
    gate: Promise.resolve(),
  } as { -readonly [P in keyof ModelServer]: ModelServer[P] } & {
    bodies: Record<string, unknown>[]
  }
  const server = createServer((request, response) => {
    void answer(state, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return state
}

async function answer(
  state: {
    calls: number
    bodies: Record<string, unknown>[]
    fail: ModelServer['fail']
    gate: Promise<void>
  },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  const body = JSON.parse(text) as Record<string, unknown>
  const call = ++state.calls
  state.bodies.push(body)
  await state.gate
  const fault = state.fail(call)
  if (fault === 'error 500') {
    response.writeHead(500, { 'content-type': 'application/json' })
    response.end('{"error":{"message":"no"}}')
    return
  }
  const finish = fault === 'truncated' ? 'length' : 'stop'
  const path = request.url ?? ''
  if (path.includes('embeddings')) json(response, embeddings(body))
  else if (path.includes('messages') && body.stream) stream(response, anthropicEvents(call), fault)
  else if (path.includes('messages')) json(response, anthropicMessage(call))
  else if (body.stream) stream(response, chatChunks(call, finish), fault)
  else json(response, chatCompletion(call, finish))
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'secret=1' })
  response.end(JSON.stringify(value))
}

function stream(response: ServerResponse, events: string[], fault: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const sent = fault === 'broken stream' ? events.slice(0, 2) : events
  for (const event of sent) response.write(event)
  if (fault === 'broken stream') response.destroy()
  else response.end()
}

function chatCompletion(call: number, finish: string): unknown {
  return {
    id: `chat-${call}`,
    object: 'chat.completion',
    created: 1_750_000_000,
    model: 'test-model',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: `answer ${call}` },
        finish_reason: finish,
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  }
}

function chatChunks(call: number, finish: string): string[] {
  const chunk = (delta: object, reason: string | null, more: object = {}) =>
    `data: ${JSON.stringify({
      id: `chat-${call}`,
      object: 'chat.completion.chunk',
      created: 1_750_000_000,
      model: 'test-model',
      choices: [{ index: 0, delta, finish_reason: reason }],
      ...more,
    })}\n\n`
  return [
    chunk({ role: 'assistant', content: '' }, null),
    chunk({ content: 'streamed ' }, null),
    chunk({ content: `answer ${call}` }, null),
    chunk({}, finish, { usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
    'data: [DONE]\n\n',
  ]
}

function anthropicMessage(call: number): unknown {
  return {
    id: `msg-${call}`,
    type: 'message',
    role: 'assistant',
    model: 'test-model',
    content: [{ type: 'text', text: `answer ${call}` }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5 },
  }
}

function anthropicEvents(call: number): string[] {
  const event = (type: string, data: object) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`
  const message = { ...(anthropicMessage(call) as object), content: [], stop_reason: null }
  return [
    event('message_start', { message }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('content_block_delta', {
      index: 0,
      delta: { type: 'text_delta', text: `answer ${call}` },
    }),
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }),
    event('message_stop', {}),
  ]
}

/** A vector of a text: its length, and its first characters. Exact in 32 bits. */
export function vectorOf(text: string): number[] {
  return [text.length, ...[0, 1, 2].map((at) => text.charCodeAt(at) || 0), 0.5]
}

function embeddings(body: Record<string, unknown>): unknown {
  const inputs = (Array.isArray(body.input) ? body.input : [body.input]) as string[]
  return {
    object: 'list',
    model: 'test-embedding',
    data: inputs.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })),
    usage: { prompt_tokens: 3 * inputs.length, total_tokens: 3 * inputs.length },
  }
}
