import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export interface Tally {
  readonly passed: number
  readonly failed: number
}

/** Names the file for the tally. Without it nothing is counted. */
export const TALLY_FILE = 'PERSISTDICT_TALLY_FILE'

/**
 * Counts a run for test/house/run.ts. Failed is whatever is not a passed test: a test that failed or
 * did not run, a file or suite that broke outside its tests, an error that nobody caught.
 */
export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const file = process.env[TALLY_FILE]
    if (file === undefined) return
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const suite of module.children.allSuites()) failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else failed++
        if (state === 'skipped' || state === 'pending') {
          console.log(`did not run: ${module.relativeModuleId} > ${test.fullName}`)
        }
      }
    }
    writeFileSync(file, JSON.stringify({ passed, failed } satisfies Tally))
  }
}
