/** Handlers of events that run in a worker thread; the entry's value says what to do. */
import { appendFileSync } from 'node:fs'

// biome-ignore lint/style/noDefaultExport: that is what the module of an isolated handler has.
export default async function handler({ event, key, namespace, value, metadata }) {
  const { file, does } = value
  if (does === 'throw') throw new Error('boom')
  if (does === 'exit') process.exit(1)
  if (does === 'hang') for (;;) appendFileSync(`${file}.hang`, 'x')
  appendFileSync(file, `${JSON.stringify([event, key, namespace, metadata.tags])}\n`)
}
