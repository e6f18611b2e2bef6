import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './house/tally-reporter.js'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    // A Redis server for all files that need one.
    globalSetup: [fileURLToPath(new URL('./redis/global-setup.ts', import.meta.url))],
    // Each file gets a process of its own: LMDB environments and exit hooks belong to a process.
    pool: 'forks',
    maxWorkers: 2,
    // Tests of memory collect garbage before they measure.
    execArgv: ['--expose-gc'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', new TallyReporter()],
  },
})
