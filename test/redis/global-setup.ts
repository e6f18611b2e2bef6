/**
 * One Redis server for all test files: the one at REDIS_URL, or one of our own that keeps nothing. And
 * one cluster, for those that ask for it.
 *
 * If there is none to be had, each test that needs one fails and says why. Nothing is skipped.
 */
import { createClient, RESP_TYPES } from 'redis'
import type { TestProject } from 'vitest/node'
import { TEST_PREFIX } from './prefix.js'
import { startRedis } from './server.js'
import { clusterOffice } from './shared-cluster.js'

declare module 'vitest' {
  export interface ProvidedContext {
    redis: { readonly url: string } | { readonly failure: string }
    /** Where to ask for the cluster. */
    clusterOffice: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const office = await clusterOffice()
  project.provide('clusterOffice', office.url)
  const stopServer = await serverFor(project)
  return async () => void (await Promise.all([office.stop(), stopServer?.()]))
}

async function serverFor(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { REDIS_URL } = process.env
  if (REDIS_URL !== undefined) {
    project.provide('redis', { url: REDIS_URL })
    return () => removeTestKeys(REDIS_URL)
  }
  try {
    const server = await startRedis(['--appendonly', 'no'])
    project.provide('redis', { url: server.url })
    return server.stop
  } catch (error) {
    project.provide('redis', { failure: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}

/** Of a server that is not ours, nothing but what tests have put there. */
async function removeTestKeys(url: string): Promise<void> {
  const client = await createClient({ url }).connect()
  try {
    // Names are bytes that need not be text.
    const asBytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    for await (const names of asBytes.scanIterator({ MATCH: `{*${TEST_PREFIX}*`, COUNT: 1_000 })) {
      if (names.length > 0) await client.unlink(names)
    }
  } finally {
    client.destroy()
  }
}
