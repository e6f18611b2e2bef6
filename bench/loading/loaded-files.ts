/** Which files a process reads to import a module, and how long that takes. */
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Tells the main thread of every module that is loaded. Runs in a thread of its own. */
const HOOK = `
let port
export const initialize = (given) => { port = given }
export const load = (url, context, next) => { port.postMessage(url); return next(url, context) }`

/** Required files are not shown to hooks; those are in the cache of require(). */
const LIST = `
import { createRequire, register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MessageChannel } from 'node:worker_threads'
const END = 'data:text/javascript,'
const { port1, port2 } = new MessageChannel()
const urls = []
const ended = new Promise((resolve) => {
  port1.on('message', (url) => (url === END ? resolve() : urls.push(url)))
})
register(process.argv[1], { parentURL: import.meta.url, data: port2, transferList: [port2] })
await import(process.argv[2])
await import(END)
await ended
port1.close()
const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url))
const required = Object.keys(createRequire(process.cwd() + '/').cache)
console.log(JSON.stringify([...new Set([...files, ...required])]))`

const TIME = `
const start = performance.now()
await import(process.argv[1])
console.log(performance.now() - start)`

/** The files that `import` of the module reads, in a process of its own. */
export async function loadedFiles(specifier: string): Promise<string[]> {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`
  return JSON.parse(await output(LIST, hook, specifier)) as string[]
}

export async function loadedBytes(specifier: string): Promise<number> {
  const files = await loadedFiles(specifier)
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}

/** How long the import takes in a new process that does nothing else, in milliseconds. */
export async function importMs(specifier: string): Promise<number> {
  return Number(await output(TIME, specifier))
}

async function output(code: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code, ...args])
  return stdout
}
