/** A link to a cluster, through a cluster client of our own or one that was given. */
import { listening } from './client-link.js'
import { Failures } from './failures.js'
import type { Link } from './link.js'
import type { CommandSettings, RedisClientLike, RedisClusterLike, Words } from './redis-client.js'

/** What is used of the nodes that a cluster client knows. */
interface ClusterNode {
  readonly address: string
  readonly client?: RedisClientLike | undefined
}

/** A link through cluster clients that `make` makes; it closes them. */
export function ownClusterLink(location: string, make: () => RedisClusterLike): Link {
  return new ClusterLink(location, make, true)
}

/** A link through a cluster client of the user's, who closes it. It is connected if it was not yet. */
export function givenClusterLink(location: string, cluster: RedisClusterLike): Link {
  return new ClusterLink(location, () => cluster, false)
}

class ClusterLink implements Link {
  readonly location: string
  readonly isCluster = true
  readonly #make: () => RedisClusterLike
  readonly #isOwn: boolean
  #cluster: RedisClusterLike | undefined
  #connected: Promise<unknown> | undefined
  readonly failures = new Failures()

  constructor(location: string, make: () => RedisClusterLike, isOwn: boolean) {
    this.location = location
    this.#make = make
    this.#isOwn = isOwn
  }

  get isConnected(): boolean {
    return this.#cluster?.isOpen === true
  }

  async send(key: string, words: Words, settings: CommandSettings): Promise<unknown> {
    try {
      const cluster = await this.#opened()
      // As in redis-client.ts: these are what node-redis takes. Replicas lag, so masters answer.
      return await cluster.sendCommand(key as never, false, words as never, settings as never)
    } catch (error) {
      if (this.#isOwn && isLostNode(error)) this.#letGo()
      throw error
    }
  }

  rest(): void {
    if (!this.#isOwn || this.#cluster === undefined) return
    for (const { client } of this.#cluster.masters as readonly ClusterNode[]) client?.unref()
  }

  async listeners(): Promise<RedisClientLike[]> {
    const cluster = await this.#opened()
    const clients = cluster.masters.map(async (node) =>
      // The node is one that it gave out itself; it gives a client of it, or the promise of one.
      listening((await cluster.nodeClient(node as never)) as RedisClientLike),
    )
    return Promise.all(clients)
  }

  get topology(): string {
    const nodes = (this.#cluster?.masters ?? []) as readonly ClusterNode[]
    return nodes
      .map((node) => node.address)
      .sort()
      .join(' ')
  }

  close(): void {
    if (this.#isOwn) this.#letGo()
  }

  async #opened(): Promise<RedisClusterLike> {
    if (this.#cluster === undefined) {
      this.#cluster = this.#make()
      // Without a listener, an error of a connection would end the process.
      this.#cluster.on('error', (error) => {
        this.failures.tell(error)
      })
    }
    const cluster = this.#cluster
    if (!cluster.isOpen) {
      this.#connected = cluster.connect()
    }
    try {
      await this.#connected
    } catch (error) {
      if (this.#isOwn) this.#letGo()
      throw error
    }
    return cluster
  }

  /** The next command begins with the root nodes again. */
  #letGo(): void {
    const cluster = this.#cluster
    this.#cluster = undefined
    this.#connected = undefined
    if (cluster?.isOpen) cluster.destroy()
  }
}

/** node-redis does not look for the node that took over from one whose connection is closed. */
function isLostNode(error: unknown): boolean {
  return error instanceof Error && /client is (closed|offline)|Socket closed/.test(error.message)
}
