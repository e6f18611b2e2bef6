/** `identity.mjs`: prints who it is, and lives until its input ends. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

const stat = readFileSync('/proc/self/stat', 'latin1')
console.log(
  JSON.stringify({
    pid: process.pid,
    startTime: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19],
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pidNamespace: readlinkSync('/proc/self/ns/pid'),
    host: hostname(),
  }),
)
process.stdin.resume()
