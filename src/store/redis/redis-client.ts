/**
 * What is used of node-redis, 5 or 6: described here by its shape, so that nobody who has it not needs
 * its types. Both versions' clients and clusters fit.
 */

/** A command in words. */
export type Words = readonly (string | Buffer)[]

/** How one command is run; node-redis has more of these. */
export interface CommandSettings {
  /** Which JavaScript type a type of the protocol becomes, by its sign. */
  readonly typeMapping: { readonly 36: typeof Buffer }
  /** Takes the command back, if it was not sent yet. */
  readonly abortSignal: AbortSignal
  readonly timeout: undefined
}

/** A client of one server, made by createClient() of node-redis. */
export interface RedisClientLike {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: object | undefined
  connect(): Promise<unknown>
  destroy(): void
  ref(): void
  unref(): void
  // Methods, not properties: node-redis declares the arguments more narrowly.
  sendCommand(args: never, options?: never): Promise<unknown>
  duplicate(overrides?: never): RedisClientLike
  subscribe(channel: never, listener: never, asBytes?: never): Promise<unknown>
  on(event: string, listener: (argument: unknown) => void): unknown
}

/** A client of a cluster, made by createCluster() of node-redis. */
export interface RedisClusterLike {
  readonly isOpen: boolean
  readonly masters: readonly object[]
  connect(): Promise<unknown>
  destroy(): void
  sendCommand(
    firstKey: never,
    isReadonly: boolean | undefined,
    args: never,
    options?: never,
  ): Promise<unknown>
  nodeClient(node: never): unknown
  on(event: string, listener: (argument: unknown) => void): unknown
}

/** The module of node-redis itself. */
export interface RedisModule {
  createClient(options?: never): RedisClientLike
  createCluster(options: never): RedisClusterLike
}

/** Sends a command. Strings of the answer come as bytes. */
export function sendTo(
  client: RedisClientLike,
  words: Words,
  settings: CommandSettings,
): Promise<unknown> {
  // Both are what node-redis takes; its own types are only narrower in form.
  return client.sendCommand(words as never, settings as never)
}
