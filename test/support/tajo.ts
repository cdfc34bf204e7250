// The built binary as a user runs it: in a directory of its own, against a sandbox.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { SANDBOX_KEYS } from './keys.ts'

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  /** Resolves when standard output or error holds the text, or what the pattern finds. */
  until(text: string | RegExp): Promise<void>
  untilTimes(text: string, times: number): Promise<void>
  /** What it has said so far. */
  said(): string
}

export function startTajo(
  args: readonly string[],
  cwd: string,
  options: { env?: Record<string, string>; input?: string } = {},
): Running {
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, ...SANDBOX_KEYS, ...options.env }
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env, stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    for (const look of watchers) look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    for (const look of watchers) look()
  })
  child.stdin.end(options.input ?? '')
  const untilTimes = (text: string | RegExp, times: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (count(stdout, text) + count(stderr, text) < times) return
        watchers.delete(look)
        resolve()
      }
      watchers.add(look)
      child.once('close', () =>
        reject(new Error(`tajo ended before it said "${String(text)}":\n${stdout}\n${stderr}`)),
      )
      look()
    })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  )
  return {
    child,
    ended,
    until: (text) => untilTimes(text, 1),
    untilTimes,
    said: () => `${stdout}${stderr}`,
  }
}

const count = (whole: string, text: string | RegExp): number => whole.split(text).length - 1

export interface OnTerminal {
  code: number | null
  /** As it came to the screen, with its colours. */
  output: string
}

/** On a pseudo-terminal (util-linux's `script`); `answers`: what is typed once a text is on the screen. */
export function runOnTerminal(
  args: readonly string[],
  cwd: string,
  options: {
    env?: Record<string, string>
    columns?: number
    answers?: readonly [text: string, keys: string][]
    /** Of all that came so far; `type` types. */
    onOutput?(output: string, type: (keys: string) => void): void
  },
): Promise<OnTerminal> {
  const quoted = [process.execPath, CLI, ...args].map((one) => `'${one.replaceAll("'", "'\\''")}'`).join(' ')
  const command = `stty cols ${options.columns ?? 100} rows 40; exec ${quoted}`
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, TERM: 'xterm', ...SANDBOX_KEYS, ...options.env }
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, env, stdio: 'pipe' })
  const answers = [...(options.answers ?? [])]
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    options.onOutput?.(output, (keys) => void child.stdin.write(keys))
    const next = answers[0]
    if (next === undefined || !output.includes(next[0])) return
    answers.shift()
    child.stdin.write(next[1])
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

export function runTajo(
  args: readonly string[],
  cwd: string,
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  return startTajo(args, cwd, options).ended
}
