import { randomUUID } from 'node:crypto'

/** A prefix that nobody else uses, on a server that all tests share. */
export function newPrefix(): string {
  return `test:${randomUUID()}`
}
