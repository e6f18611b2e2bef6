/**
 * Server-sent events (HTML Living Standard, section 9.2), as models stream their answers: what they
 * carry, and whether they came to their end.
 */

/** The JSON of all events. Those whose data is none, such as `[DONE]`, are left out. */
export function jsonEvents(text: string): unknown[] {
  const events: unknown[] = []
  for (const block of text.split(/\r?\n\r?\n|\r\r/)) {
    const data = dataOf(block)
    if (data === '' || data === '[DONE]') continue
    try {
      events.push(JSON.parse(data))
    } catch {
      // Of another kind than those that models send: it says nothing about completeness.
    }
  }
  return events
}

/**
 * Whether a stream has the end that its beginning promises: a `[DONE]` after chunks of a chat, a
 * `message_stop` after a `message_start`, a `response.completed` after a `response.created`; and no
 * event that is an error.
 */
export function isEnded(text: string, events: readonly unknown[]): boolean {
  const types = new Set(events.map((event) => stringAt(event, 'type')))
  const objects = new Set(events.map((event) => stringAt(event, 'object')))
  if (types.has('error') || events.some((event) => hasError(event))) return false
  if (/^event: ?error\s*$/m.test(text)) return false
  if (types.has('message_start')) return types.has('message_stop')
  if (types.has('response.created')) return types.has('response.completed')
  if (objects.has('chat.completion.chunk') || objects.has('text_completion')) {
    return /^data: ?\[DONE\]\s*$/m.test(text)
  }
  return events.length > 0
}

function dataOf(block: string): string {
  const lines = block.split(/\r?\n|\r/).filter((line) => line.startsWith('data:'))
  return lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n')
}

function stringAt(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null
    ? (event as Record<string, unknown>)[name]
    : undefined
}

function hasError(event: unknown): boolean {
  const error = stringAt(event, 'error')
  return error !== undefined && error !== null
}
