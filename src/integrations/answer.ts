/** What every provider's answers have in common: why they ended, and how many tokens they took. */

/** Tokens of one answer. */
export interface TokenUsage {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** An answer ended as it should: by itself, at a stop sequence, or to call a tool. */
const COMPLETE = new Set([
  'stop',
  'STOP',
  'end_turn',
  'stop_sequence',
  'tool_use',
  'tool_calls',
  'tool-calls',
  'function_call',
  'completed',
])

/**
 * Whether nothing in an answer, or in an event of a stream, says that it was truncated, filtered or
 * broken off. Knows the formats of OpenAI, Anthropic, Google and the AI SDK. One that says nothing is
 * complete, as embeddings are.
 */
export function isComplete(answer: unknown): boolean {
  const reasons = [
    at(answer, 'finishReason'),
    at(answer, 'finishReason', 'unified'),
    at(answer, 'stop_reason'),
    at(answer, 'delta', 'stop_reason'),
    at(answer, 'status'),
    at(answer, 'response', 'status'),
    ...each(at(answer, 'choices')).map((choice) => at(choice, 'finish_reason')),
    ...each(at(answer, 'candidates')).map((candidate) => at(candidate, 'finishReason')),
  ]
  return reasons.every((reason) => typeof reason !== 'string' || COMPLETE.has(reason))
}

/** The tokens that an answer says it took; zeros if it does not say. */
export function usageIn(answer: unknown): TokenUsage {
  const usage =
    at(answer, 'usage') ?? at(answer, 'response', 'usage') ?? at(answer, 'message', 'usage')
  const count = (...names: string[]) => {
    const found = names.map((name) => countOf(at(usage, name))).find((n) => n !== undefined)
    return found ?? 0
  }
  return {
    inputTokens: count('prompt_tokens', 'input_tokens', 'inputTokens', 'tokens'),
    outputTokens: count('completion_tokens', 'output_tokens', 'outputTokens'),
  }
}

/** The usage of a stream: each count from the last event that tells more than nothing. */
export function usageOfEvents(events: readonly unknown[]): TokenUsage {
  let [inputTokens, outputTokens] = [0, 0]
  for (const usage of events.map(usageIn)) {
    inputTokens = usage.inputTokens || inputTokens
    outputTokens = usage.outputTokens || outputTokens
  }
  return { inputTokens, outputTokens }
}

/** The part of a value under some names; undefined where there is none. */
function at(value: unknown, ...names: string[]): unknown {
  let part = value
  for (const name of names) {
    if (typeof part !== 'object' || part === null) return undefined
    part = (part as Record<string, unknown>)[name]
  }
  return part
}

function each(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : []
}

/** A count, or the total of a detailed one. */
function countOf(part: unknown): number | undefined {
  const count = at(part, 'total') ?? part
  return typeof count === 'number' ? count : undefined
}
