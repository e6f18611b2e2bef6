import { type RedisCluster, startCluster } from './cluster.js'

let cluster: Promise<RedisCluster> | undefined

/** One cluster for all tests of a file, started when it is first asked for; it ends with their process. */
export function sharedCluster(): Promise<RedisCluster> {
  cluster ??= startCluster()
  return cluster
}
