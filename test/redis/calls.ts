import { createClient } from 'redis'
import { onTestFinished } from 'vitest'

/** How often a server was called from outside. */
export interface Calls {
  /** What a script does is not counted. */
  readonly scripts: number
  /** Of any number of rows each. */
  readonly reads: number
}

/** How often the server was called, by command, while `work` ran. */
export async function callsDuring(url: string, work: () => Promise<unknown>): Promise<Calls> {
  const client = await createClient({ url }).connect()
  onTestFinished(() => client.destroy())
  await client.sendCommand(['CONFIG', 'RESETSTAT'])
  await work()
  const stats = String(await client.sendCommand(['INFO', 'commandstats']))
  const calls = (command: string) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  return { scripts: calls('evalsha') + calls('eval'), reads: calls('mget') }
}
