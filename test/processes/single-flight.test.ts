/** A slice of R13; the rest is `npm run soak:flight`. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { randomOf } from '../random.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'
import { seedOf } from '../seed.js'
import { FlightCrew, type FlightOptions, type Leader } from './flights.js'
import { tempDirectory } from './temp-directory.js'

/** Each line is a name in children/stores.mjs. */
const STORES = ['lmdb, batched', 'sqlite, commit', 'file, commit', 'redis']

const PROCESSES = 4
const ASKS = 50

describe.each(STORES)('getOrSet() of four processes on %s', (store) => {
  test('makes one call for 200 concurrent misses; killed, stopped or throwing, exactly one more', async () => {
    const isLmdb = store.startsWith('lmdb')
    const rounds: Leader[] = isLmdb
      ? [...times(34, 'works'), ...times(7, 'kill'), ...times(2, 'stop'), ...times(7, 'throw')]
      : ['works', 'kill', 'stop', 'throw']
    const random = randomOf(seedOf(`single flight on ${store}`))
    const place = store === 'redis' ? `${redisUrl()} ${newPrefix()}` : undefined
    const crew = await crewOn({ store, place, processes: PROCESSES, asks: ASKS })
    for (const leader of rounds) expect(await crew.round(leader, random)).toEqual([])
    await crew.end()
  })
})

test('without a second look under the lease, each of two processes computes', async () => {
  const options = {
    store: 'lmdb, batched',
    processes: 2,
    asks: 2,
    mutant: 'blind',
  } as const
  const crew = await crewOn(options)
  const wrong = await crew.round('works', randomOf(1))
  expect(wrong[0]).toContain('another number of computations')
})

async function crewOn(options: Omit<FlightOptions, 'directory'>): Promise<FlightCrew> {
  const crew = await FlightCrew.start({ ...options, directory: tempDirectory() })
  onTestFinished(() => crew.kill())
  return crew
}

function times(count: number, leader: Leader): Leader[] {
  return new Array(count).fill(leader)
}
