// What 100,000 conversations and 60,000 contacts of Intercom cost: requests, CPU and memory, through the built binary; and how long it is from
// a closing to its event in Brevo.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { deliverOverHttp } from '../src/sandbox/deliver.ts'
import { startSandbox as openSandbox } from '../src/sandbox/sandbox.ts'
import { CLI, KEYS, prepareWorkspace, runTajo, startSandbox } from './lib.mjs'

const SECRET = 'bench-client-secret'

export async function measureIntercom(note, flags, scale) {
  const size = {
    customers: 60_000 * scale,
    tickets: 100_000 * scale,
    messages: 300_000 * scale,
    surveys: 15_000 * scale,
  }
  const sandbox = await startSandbox(['--no-limits', ...flags(size)], 'intercom')
  const limit = '{ requests: 1000000, per_seconds: 1 }'
  const top = 'server: { enabled: false }\n'
  const workspace = prepareWorkspace(sandbox, limit, '\n    log_api_calls: true', top, 'intercom')
  const first = await runTajo(workspace.directory, ['sync', 'intercom', '--json'])
  const records = Object.values(JSON.parse(first.output).read).reduce((sum, count) => sum + count, 0)
  note('Intercom: first sync, requests', first.requests.intercom.toLocaleString('en-US'))
  note('Intercom: first sync, source records', records.toLocaleString('en-US'))
  note('Intercom: first sync, CPU per record', `${((first.cpuMs / records) * 1000).toFixed(0)} µs`)
  note('Intercom: first sync, peak memory', `${Math.round(first.peakMb)} MB`)
  const poll = await runTajo(workspace.directory, ['sync', 'intercom', '--json'])
  note(
    'Intercom: a sync that finds nothing, with the last two days, requests',
    String(poll.requests.intercom),
  )
  workspace.remove()
  sandbox.stop()
  await measureClosing(note, Math.max(10, Math.round(20 * scale)))
}

/** One closing every few seconds, both limits on, through a webhook as Intercom sends it. */
async function measureClosing(note, samples) {
  const sandbox = await openSandbox({
    helpdesk: 'intercom',
    size: { customers: 120, tickets: 0, messages: 0, surveys: 0 },
    brevoLimit: 10,
  })
  const { world, brevo, definition, helpdeskUrl, brevoUrl } = sandbox
  const workspace = prepareWorkspace(
    { intercom: helpdeskUrl, brevo: brevoUrl },
    '{ requests: 166, per_seconds: 10 }',
    '',
    'server: { port: 0 }\n',
    'intercom',
  )
  const daemon = spawn(process.execPath, [CLI, 'start'], {
    cwd: workspace.directory,
    env: { ...process.env, ...KEYS, INTERCOM_WEBHOOK_SECRET: SECRET },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  daemon.stderr.on('data', (chunk) => (log += chunk))
  await until(() => log.includes('Run ended') && log.includes('"Serving"'))
  const address = /"address":"([^"]+)"/.exec(log)[1]
  definition.fireWebhooks(world, deliverOverHttp, { url: `${address}/webhooks/intercom`, secret: SECRET })
  const tickets = Array.from({ length: samples }, (_, index) => {
    const { id } = world.addCustomer({ email: `bench.${index}@example.com` })
    return world.addTicket({ customerId: id }).id
  })
  await delay(15_000)
  const took = []
  for (const id of tickets) {
    await delay(3_000)
    const closedAt = performance.now()
    world.closeTicket(id)
    await until(() =>
      brevo.account.events.some(
        (event) => event.name === 'SUPPORT_TICKET_RESOLVED' && event.properties.ticket_id === String(id),
      ),
    )
    took.push(performance.now() - closedAt)
  }
  daemon.kill('SIGTERM')
  await once(daemon, 'exit')
  await sandbox.close()
  workspace.remove()
  const at = (share) => took.sort((a, b) => a - b)[Math.min(took.length - 1, Math.floor(took.length * share))]
  note(
    `Intercom: closing to event in Brevo by webhook, limits on, p50 / p95 of ${took.length}`,
    [0.5, 0.95].map((share) => `${Math.round(at(share))} ms`).join(' / '),
  )
}

async function until(isSo) {
  for (let waited = 0; !isSo(); waited += 2) {
    if (waited > 20_000) throw new Error('it did not come to that')
    await delay(2)
  }
}
