/**
 * A redis-server of the tests: on a free port of loopback, its files in a directory of its own.
 *
 * A shell keeps it: when the process that started it is gone, whatever way, the shell's input ends,
 * and it kills the server. So no server outlives its tests.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createConnection as connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { redisBinary } from './binary.js'

export interface RedisServer {
  readonly port: number
  /** Without a password, even if the server wants one. */
  readonly url: string
  /** Ends it at once, as a crash would; start() makes it come back on the same port. */
  kill(): Promise<void>
  /** Starts it again after kill(), with the same files and settings. */
  start(): Promise<void>
  /** Makes it hang: connections stay open and nothing is answered. */
  pause(): void
  resume(): void
  /** Sends one command, in words, on a connection of its own, and returns the raw first line. */
  ask(...words: string[]): Promise<string>
  /** Ends it and removes its files. */
  stop(): Promise<void>
}

/**
 * `$0` is the directory, `$!` the server; `read` waits for a word or the end of our input. Only a server
 * that was waited for is gone: one that is being killed still takes connections.
 */
const KEEPER =
  '"$@" >> server.log 2>&1 & echo $!; read -r word; { kill -9 $!; wait $!; } 2> /dev/null; ' +
  'test "$word" = keep || rm -rf "$0"'

const START_MS = 60_000
const POLL_MS = 10

/**
 * A server that was killed comes back on its port, so nobody may get that meanwhile. The system gives
 * ports from 32,768 on to whoever asks for any. So ours are below, and so are those of the bus of a
 * cluster node, which are this much higher. Each process of a test run has a range of its own, and goes
 * through it, so that no two servers of a run have the same port.
 */
const BUS_OFFSET = 10_000
const FIRST_PORT = 10_500
const PORTS = 1_000
const RANGES = 10

/** Starts a server. `settings` are words of its command line, such as `'--maxmemory', '2mb'`. */
export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const binary = redisBinary()
  const directory = mkdtempSync(join(tmpdir(), 'persistdict-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...settings]
  let keeper: ChildProcess | undefined
  let pid = 0

  const kill = async () => {
    if (keeper === undefined) return
    const ended = once(keeper, 'exit')
    process.kill(pid, 'SIGKILL')
    keeper.stdin?.end('keep\n')
    keeper = undefined
    await ended
  }
  const start = async () => {
    const child = spawn('/bin/sh', ['-c', KEEPER, directory, binary, ...args], {
      cwd: directory,
      // A group of its own: a signal to ours must leave it to clean up.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    keeper = child
    const lines = createInterface({ input: child.stdout })
    const [line] = await once(lines, 'line')
    pid = Number(line)
    try {
      await answering(port)
    } catch (error) {
      await kill()
      const log = readFileSync(join(directory, 'server.log'), 'utf8')
      throw new Error(`redis-server ${args.join(' ')} did not start:\n${log}`, { cause: error })
    }
  }
  await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    pause: () => process.kill(pid, 'SIGSTOP'),
    resume: () => process.kill(pid, 'SIGCONT'),
    ask: (...words) => ask(port, words),
    async stop() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Waits until a server answers at all: one that wants a password does so by refusing. */
async function answering(port: number): Promise<void> {
  const deadline = Date.now() + START_MS
  for (;;) {
    const answer = await ask(port, ['PING']).catch((error: Error) => error)
    if (typeof answer === 'string' && /^(\+PONG|-NOAUTH)/.test(answer)) return
    if (Date.now() > deadline) throw new Error(`No answer: ${String(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** The first line of the answer. Enough for settings and states; values are read with a client. */
function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (!answer.includes('\r\n')) return
      resolve(answer.slice(0, answer.indexOf('\r\n')))
      socket.destroy()
    })
    socket.on('error', reject).on('close', () => reject(new Error('The connection was closed.')))
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
    socket.write(`*${words.length}\r\n${parts.join('')}`)
  })
}

/** Of the range; begun anywhere, as other runs may be under way. */
let lastPort = Math.floor(Math.random() * PORTS)

export async function freePort(): Promise<number> {
  // The process that runs the others is none of them.
  const range = Number(process.env.VITEST_POOL_ID ?? 0) % RANGES
  for (;;) {
    lastPort = (lastPort + 1) % PORTS
    const free = FIRST_PORT + range * PORTS + lastPort
    if ((await isFree(free)) && (await isFree(free + BUS_OFFSET))) return free
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}
