/** Standard input and files, read by commands. */
import { createReadStream } from 'node:fs'
import { inputError } from './cli-error.js'
import type { InputStream } from './io.js'

/** All of a stream. */
export async function bytesOf(input: InputStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** The file, or standard input for "-". */
export function inputAt(path: string, stdin: InputStream): InputStream {
  return path === '-' ? stdin : Object.assign(createReadStream(path), { isTTY: false })
}

/** A line may be so long, in characters: as much as a value may take, and what is around it. */
const LONGEST_LINE = 2 ** 28 + 2 ** 20

/** The lines of a stream in UTF-8, without their ends. Rejects with a CliError for one too long. */
export async function* linesOf(input: InputStream): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const chunk of input) {
    // A part of a line is kept as it is: joining it again and again would take quadratic time.
    const text = decoded(decoder, Buffer.from(chunk), true)
    const lines = text.split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      yield (rest + line).replace(/\r$/, '')
      rest = ''
    }
    rest += last
    if (rest.length > LONGEST_LINE) throw inputError('A line is longer than any value may be.')
  }
  rest += decoded(decoder, Buffer.alloc(0), false)
  if (rest !== '') yield rest
  return undefined
}

function decoded(
  decoder: InstanceType<typeof TextDecoder>,
  bytes: Uint8Array,
  stream: boolean,
): string {
  try {
    return decoder.decode(bytes, { stream })
  } catch (cause) {
    throw inputError('The input is not UTF-8.', { cause })
  }
}
