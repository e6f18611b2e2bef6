/**
 * One Redis server for all test files: the one at REDIS_URL, or one of our own that keeps nothing.
 *
 * If there is none to be had, each test that needs one fails and says why. Nothing is skipped.
 */
import type { TestProject } from 'vitest/node'
import { startRedis } from './server.js'

declare module 'vitest' {
  export interface ProvidedContext {
    redis: { readonly url: string } | { readonly failure: string }
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { REDIS_URL } = process.env
  if (REDIS_URL !== undefined) {
    project.provide('redis', { url: REDIS_URL })
    return undefined
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
