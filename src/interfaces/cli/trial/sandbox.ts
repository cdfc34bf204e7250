// tajo sandbox: a helpdesk and a Brevo on this machine, to try a mapping without touching an account.
import { createSeededRandom } from '../../../lib/random.ts'
import { liveOnce } from '../../../sandbox/live.ts'
import type { HelpdeskSandbox } from '../../../sandbox/helpdesk.ts'
import {
  type Sandbox,
  SANDBOX_BREVO_KEY,
  type SandboxOptions,
  startSandbox,
} from '../../../sandbox/sandbox.ts'
import { requireSource, variablesOf } from '../../../sources/index.ts'
import { formatDuration } from '../../../lib/human.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import { TajoError } from '../../../lib/errors.ts'
import { paint, print, toCount } from '../terminal/terminal.ts'

export interface SandboxCommandOptions {
  customers: string
  tickets: string
  messages: string
  surveys: string
  helpdeskPort: string
  brevoPort: string
  limits: boolean
  live: boolean
  prepared: boolean
}

const LIVE_EVERY_MS = 2_000

export async function runSandbox(name: string, options: SandboxCommandOptions): Promise<number> {
  const setup: SandboxOptions = {
    helpdesk: name,
    size: {
      customers: toCount(options.customers, '--customers'),
      tickets: toCount(options.tickets, '--tickets'),
      messages: toCount(options.messages, '--messages'),
      surveys: toCount(options.surveys, '--surveys'),
    },
    ports: {
      helpdesk: toPort(options.helpdeskPort, '--helpdesk-port'),
      brevo: toPort(options.brevoPort, '--brevo-port'),
    },
    ...(options.limits ? {} : { helpdeskLimit: null, brevoLimit: null }),
    prepared: options.prepared,
    alive: true,
  }
  if (setup.size!.customers === 0 && setup.size!.tickets > 0)
    throw new TajoError('usage', 'Tickets need customers: give --customers, or --tickets 0.')
  const sandbox = await startSandbox(setup).catch((cause: unknown) => {
    const { code, port } = cause as { code?: string; port?: number }
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw cause
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is taken by another program'
    throw new TajoError('usage', `The port ${port} ${why}.`, {
      hint: 'Give another one with --helpdesk-port or --brevo-port, or 0 for any.',
      cause,
    })
  })
  const { definition } = sandbox
  const helpdesk = requireSource(definition.name)
  printAddresses(sandbox)
  print('')
  print('In another terminal:')
  for (const [key, value] of Object.entries(toEnvironment(definition))) print(`  export ${key}=${value}`)
  print(
    `  tajo connectors install ${helpdesk.name} --${helpdesk.address.base.replaceAll('_', '-')} ${sandbox.helpdeskUrl} --brevo-base-url ${sandbox.brevoUrl} --yes`,
  )
  print(`  tajo sync ${helpdesk.name}`)
  print('  tajo trigger ticket.closed --email someone@example.com')
  print('')
  print('Ctrl-C ends it.')
  showEvents(sandbox)
  const stopLiving = options.live
    ? keepLiving(sandbox, LIVE_EVERY_MS, (line) => print(paint('dim', `helpdesk: ${line}`)))
    : () => undefined
  await untilInterrupted()
  stopLiving()
  await sandbox.close()
  return 0
}

export function printAddresses({ definition, helpdeskUrl, brevoUrl }: Sandbox): void {
  const width = Math.max(definition.label.length, 'Brevo'.length)
  print(`${definition.label.padEnd(width)}  ${helpdeskUrl}`)
  print(`${'Brevo'.padEnd(width)}  ${brevoUrl}`)
}

/** The keys of the sandbox as the environment holds them. */
export function toEnvironment({ name, keys }: HelpdeskSandbox): Record<string, string> {
  const { secrets } = requireSource(name)
  const own = Object.entries(secrets).map(([key, field]) => [
    variablesOf({ name, source: name }, field, true)[0]!,
    keys[key] ?? '',
  ])
  return { ...Object.fromEntries(own), BREVO_API_KEY: SANDBOX_BREVO_KEY }
}

function toPort(text: string, option: string): number {
  const port = toCount(text, option)
  if (port <= 65_535) return port
  throw new TajoError('usage', `${option} takes a port, from 0 (any) to 65535, not ${port}.`)
}

/** One readable line for each event that reaches Brevo. */
export function showEvents(sandbox: Sandbox): void {
  sandbox.brevo.account.onEvent = (event) => {
    const { subject, channel, score, comment, resolution_time: minutes } = event.properties
    const details = [
      typeof subject === 'string' ? `“${subject}”` : null,
      typeof channel === 'string' ? `by ${channel}` : null,
      typeof score === 'number' ? `score ${score}` : null,
      typeof comment === 'string' ? `“${comment}”` : null,
      typeof minutes === 'number' ? `after ${formatDuration(minutes * 60_000)}` : null,
    ].filter((part) => part !== null)
    print(
      `${new Date(event.receivedAt).toISOString().slice(11, 19)} ${paint('green', event.name.padEnd(26))} ${maskPersonal(event.email ?? '')}  ${details.join(', ')}`,
    )
  }
}

export function keepLiving(sandbox: Sandbox, everyMs: number, tell: (line: string) => void): () => void {
  const random = createSeededRandom(7)
  const timer = globalThis.setInterval(() => tell(liveOnce(sandbox.world, random)), everyMs)
  return () => clearInterval(timer)
}

export function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve())
  })
}
