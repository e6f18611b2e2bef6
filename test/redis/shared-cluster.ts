/**
 * One cluster for all test files. The process that runs them starts it when the first of them asks, and
 * ends it: forming a cluster takes seconds, and most files need none.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inject } from 'vitest'
import { type RedisCluster, startCluster } from './cluster.js'
// Only for its declaration of what it provides.
import type {} from './global-setup.js'

/** What createCluster() takes, as it is told. */
type Answer = Pick<RedisCluster, 'rootNodes'> | { readonly failure: string }

export interface ClusterOffice {
  /** Answers whoever asks. */
  readonly url: string
  stop(): Promise<void>
}

/** Offers a cluster that is started when somebody asks for it. */
export async function clusterOffice(): Promise<ClusterOffice> {
  let cluster: Promise<RedisCluster> | undefined
  const answer = async (): Promise<Answer> => {
    try {
      cluster ??= startCluster()
      return { rootNodes: (await cluster).rootNodes }
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) }
    }
  }
  const server = createServer((_, response) => {
    void answer().then((told) => response.end(JSON.stringify(told)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await (await cluster?.catch(() => undefined))?.stop()
    },
  }
}

/** The cluster that all test files share: a test keeps to a prefix of its own, and kills no node. */
export async function sharedCluster(): Promise<Pick<RedisCluster, 'rootNodes'>> {
  const answer = (await (await fetch(inject('clusterOffice'))).json()) as Answer
  if ('failure' in answer) throw new Error(answer.failure)
  return answer
}
