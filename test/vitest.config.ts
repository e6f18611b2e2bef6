import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './house/tally-reporter.js'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // A Redis server for all files that need one.
    globalSetup: [fileURLToPath(new URL('./redis/global-setup.ts', import.meta.url))],
    setupFiles: [fileURLToPath(new URL('./environment.ts', import.meta.url))],
    // Each file gets a process of its own: LMDB environments and exit hooks belong to a process.
    pool: 'forks',
    maxWorkers: 2,
    // Tests of memory collect garbage before they measure.
    execArgv: ['--expose-gc'],
    // They matter only to a test that fails: generous, as a machine may have twenty other things to do.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    reporters: ['default', new TallyReporter()],
  },
})
