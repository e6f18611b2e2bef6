/** A real Redis Cluster of three masters, on loopback. */
import { type RedisServer, startRedis } from './server.js'

export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  /** What createCluster() of node-redis takes as `rootNodes`. */
  readonly rootNodes: readonly { readonly url: string }[]
  stop(): Promise<void>
}

const MASTERS = 3
const SLOTS = 16_384
const MEET_MS = 90_000
const POLL_MS = 20
/** A node that a busy machine leaves waiting is not to be taken for dead by the others. */
const NODE_MS = '60000'

/** Starts the nodes, gives each its share of the slots, and waits until they agree. */
export async function startCluster(): Promise<RedisCluster> {
  const nodes: RedisServer[] = []
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    for (let at = 0; at < MASTERS; at++) {
      nodes.push(await startRedis(['--cluster-enabled', 'yes', '--cluster-node-timeout', NODE_MS]))
    }
    for (const [at, node] of nodes.entries()) {
      const from = Math.floor((SLOTS * at) / MASTERS)
      const to = Math.floor((SLOTS * (at + 1)) / MASTERS) - 1
      await said(node, '+OK', 'CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`)
      // Different epochs from the start: otherwise the nodes take seconds to settle them.
      await said(node, '+OK', 'CLUSTER', 'SET-CONFIG-EPOCH', `${at + 1}`)
    }
    const [first, ...others] = nodes as [RedisServer, ...RedisServer[]]
    for (const other of others) {
      await said(first, '+OK', 'CLUSTER', 'MEET', '127.0.0.1', `${other.port}`)
    }
    await agreement(nodes)
    return { nodes, rootNodes: nodes.map(({ url }) => ({ url })), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function said(node: RedisServer, answer: string, ...words: string[]): Promise<void> {
  const got = await node.ask(...words)
  if (!got.startsWith(answer)) throw new Error(`${words.join(' ')}: ${got}`)
}

/** A node writes when it sees all slots served. A write for each slot third shows that all three do. */
async function agreement(nodes: readonly RedisServer[]): Promise<void> {
  const deadline = Date.now() + MEET_MS
  for (;;) {
    // Either it is served here, or the node knows who serves it.
    const answers = await Promise.all(
      nodes.flatMap((node) => ['a', 'b', 'c', 'd'].map((key) => node.ask('EXISTS', key))),
    )
    if (answers.every((answer) => /^(:|-MOVED)/.test(answer))) return
    if (Date.now() > deadline) throw new Error(`The cluster did not form: ${answers.join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
