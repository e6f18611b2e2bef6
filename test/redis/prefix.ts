import { randomUUID } from 'node:crypto'

/** In the names of all keys that tests leave on a server that is not theirs. */
export const TEST_PREFIX = 'persistdict-test:'

/** A prefix that nobody else uses, on a server that all tests share. */
export function newPrefix(): string {
  return `${TEST_PREFIX}${randomUUID()}`
}
