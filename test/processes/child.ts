/** Real child processes of the tests: started from children/, watched, and never left behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How a child ended. Exactly one of code and signal is not null. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ChildOptions {
  /** Options of node itself, before the script. */
  readonly nodeArgs?: readonly string[]
  readonly cwd?: string
  /** A child that lives longer hangs: it is killed, and waiting for it rejects. @default 120,000 */
  readonly deadlineMs?: number
}

export interface Child {
  readonly process: ChildProcess
  /** Resolves when the child has ended, whatever way; rejects if it had to be killed for hanging. */
  readonly ended: Promise<Ended>
  /** Resolves with the first line of the output, past or to come, for which `test` holds. */
  line(test: (line: string) => boolean): Promise<string>
}

const DEADLINE_MS = 120_000

/** Starts children/`script` under the node that runs the test. */
export function startChild(
  script: string,
  args: readonly string[] = [],
  { nodeArgs = [], cwd, deadlineMs = DEADLINE_MS }: ChildOptions = {},
): Child {
  const file = fileURLToPath(new URL(`./children/${script}`, import.meta.url))
  const child = spawn(process.execPath, [...nodeArgs, file, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of [...waiting]) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A child that is killed leaves a broken pipe behind: that is no error of the test.
  child.stdin.on('error', () => {})

  let isOver = false
  const ended = new Promise<Ended>((resolve, reject) => {
    const deadline = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${script} ${args.join(' ')} hung for ${deadlineMs} ms\n${stdout}${stderr}`))
    }, deadlineMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      isOver = true
      wake()
      resolve({ code, signal, stdout, stderr })
    })
  })
  // Whoever awaits it gets the rejection; a test that failed earlier must not fail a second time.
  ended.catch(() => {})

  const line = (test: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const complete = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
        const found = complete.split('\n').find((text) => text !== '' && test(text))
        if (found !== undefined) {
          waiting.delete(look)
          resolve(found)
        } else if (isOver) {
          waiting.delete(look)
          reject(
            new Error(`${script} ended without the line that was waited for\n${stdout}${stderr}`),
          )
        }
      }
      waiting.add(look)
      look()
    })
  return { process: child, ended, line }
}

/** Starts a child and waits for its end. */
export function runChild(
  script: string,
  args: readonly string[] = [],
  options: ChildOptions = {},
): Promise<Ended> {
  return startChild(script, args, options).ended
}
