/**
 * `gate-holder.mjs FILE`: stops itself inside the gate in FILE, as a process that opens the store does
 * there. It goes in by LMDB alone, as versions did that knew no tickets.
 */
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const { nativeAddon } = createRequire(import.meta.url)('lmdb')
const NO_SUBDIRECTORY = 0x4000
const gate = new nativeAddon.Env()
const keyBytes = Buffer.allocUnsafeSlow(4096)
const options = { path: process.argv[2], keyBytes, maxDbs: 1, mapSize: 1 << 20, maxReaders: 8 }
gate.open(options, NO_SUBDIRECTORY, 0)
gate.beginTxn(2)
writeSync(1, 'inside\n')
process.kill(process.pid, 'SIGSTOP')
gate.commitTxn()
gate.close()
