// The built binary as a user runs it: in a directory of its own, against a sandbox.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { SANDBOX_KEYS } from '../../src/sandbox/sandbox.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
  /** Resolves when standard output or error holds the text. */
  until(text: string): Promise<void>
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
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  )
  return {
    child,
    ended,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!stdout.includes(text) && !stderr.includes(text)) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        child.once('close', () =>
          reject(new Error(`tajo ended before it said "${text}":\n${stdout}\n${stderr}`)),
        )
        look()
      }),
  }
}

export function runTajo(
  args: readonly string[],
  cwd: string,
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  return startTajo(args, cwd, options).ended
}
