/**
 * Takes turns with the test in changing one live value: `live-partner.mjs PATH ROUNDS`. Reads a round
 * from each line of its input, adds its own mark by plain property access, and answers when saved.
 */
import { createInterface } from 'node:readline'
import { open } from 'persistdict'

const dict = open(process.argv[2])
const view = dict.object
// Held throughout: what the other process writes must show in these very objects.
const held = view.state
const { inner, log, marks } = held

for await (const line of createInterface({ input: process.stdin })) {
  const round = Number(line)
  // Reading the key through the view brings what is held up to date.
  if (view.state !== held) throw new Error('another object')
  if (inner.n !== round) throw new Error(`round ${round}: read ${inner.n}`)
  if (log.length !== round) throw new Error(`round ${round}: ${log.length} lines`)
  inner.n++
  log.push(`partner ${round}`)
  marks.set(`partner ${round}`, { round })
  dict.flushSync()
  console.log(`done ${round}`)
}
dict.close()
