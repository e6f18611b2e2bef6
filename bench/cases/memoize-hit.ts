import { open } from 'persistdict'
import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { COMPUTING } from '../sides/compute.js'

export const bench: BenchCase = {
  what: 'a call of a memoized function whose value is there, with an object of four properties as its argument',
  notes: [
    'persistdict compares arguments by content, whatever they are; the rivals get their keys by JSON.stringify, which does not',
  ],
  setUp(stage) {
    const records = stage.records(1_000)
    const entries = stage.shuffled(records)
    const argumentOf = (key: string) => ({ model: 'm', prompt: key, temperature: 0, stop: ['x'] })
    const args = entries.map(([key]) => argumentOf(key))
    const byPrompt = new Map(records)
    const passes = stage.count(20, 5)
    const sides = Object.entries(COMPUTING).map(([name, make]) => {
      const folder = stage.folder()
      if (name === OURS) {
        const dict = open(folder)
        const load = dict.memoize(({ prompt }: (typeof args)[0]) => byPrompt.get(prompt), {
          name: 'load',
        })
        return { name, call: load, close: () => dict.close() }
      }
      const cache = make(folder)
      const call = (arg: (typeof args)[0]) =>
        cache.getOrSet(JSON.stringify(arg), async () => byPrompt.get(arg.prompt) as never)
      return { name, call, close: () => cache.close() }
    })
    return {
      operations: args.length * passes,
      answer: sumOfIds(records.values()) * passes,
      sides: sides.map(({ name, call, close }) => ({
        name,
        async run() {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const arg of args) sum += (await call(arg))?.id ?? 0
          }
          return sum
        },
        close,
      })),
    }
  },
}
