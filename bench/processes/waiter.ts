/**
 * Waits for values that another process computes. Each is the instant at which it was computed; the
 * answer is how long after that it was here, in nanoseconds.
 */
import { open } from 'persistdict'

const [folder] = process.argv.slice(2)
const dict = open<Record<string, number>>(folder as string)

process.on('message', (key: string | null) => {
  if (key === null) {
    dict.close()
    process.disconnect()
  } else void wait(key)
})

async function wait(key: string): Promise<void> {
  const computedAt = await dict.getOrSet(key, () => {
    throw new Error('The other process should have begun.')
  })
  process.send?.(Math.round((machineMs() - computedAt) * 1e6))
}

/** Milliseconds since the machine was started, the same for all its processes. */
function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
