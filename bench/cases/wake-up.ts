import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { open } from 'persistdict'
import { type BenchCase, OURS } from '../harness/case.js'
import { answerOf } from '../processes/team.js'

const WAITER = fileURLToPath(new URL('../processes/waiter.ts', import.meta.url))

/** The other process has begun to wait by then. */
const COMPUTE_MS = 30

export const bench: BenchCase = {
  what: 'from the end of a computation in one process until a waiter in another has the value, disk sync included',
  goals: [{ costAtMost: 10e6 }],
  notes: ['no rival waits for another process: each computes for itself'],
  async setUp(stage) {
    const folder = stage.folder()
    const dict = open<Record<string, number>>(folder)
    const waiter = fork(WAITER, [folder], { execArgv: ['--import', 'tsx'] })
    const rounds = stage.count(20, 5)
    let keys = 0
    let cost = 0
    return {
      operations: rounds,
      answer: rounds,
      sides: [
        {
          name: OURS,
          async run() {
            cost = 0
            for (let round = 0; round < rounds; round++) cost += await wakeUp(`k${keys++}`)
            return rounds
          },
          cost: () => cost,
          async close() {
            const gone = once(waiter, 'exit')
            waiter.send(null as never)
            await gone
            dict.close()
          },
        },
      ],
    }

    /** Nanoseconds from the computed value here to the value there. */
    async function wakeUp(key: string): Promise<number> {
      const answer = answerOf(waiter)
      await dict.getOrSet(key, async () => {
        waiter.send(key)
        await pause(COMPUTE_MS)
        return Number(process.hrtime.bigint()) / 1e6
      })
      return answer
    }
  },
}
