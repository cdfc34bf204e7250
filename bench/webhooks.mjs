// Webhooks, measured from outside: how long from a closing in the helpdesk to the event in Brevo, how many deliveries a second are held
// with nothing lost, and whether memory stays flat. The helpdesk and Brevo run in this process, the daemon in its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

import { startSandbox } from '../src/sandbox/sandbox.ts'
import { fireWebhooks } from '../src/sandbox/gorgias/webhooks.ts'
import { openStoreReadOnly } from '../src/state/store.ts'
import { CLI, KEYS, prepareWorkspace } from './lib.mjs'

const SECRET = 'bench-webhook-secret-of-some-length'

export async function measureWebhooks(note, scale) {
  const sandbox = await startSandbox({
    size: { customers: 120, tickets: 0, messages: 0, surveys: 0 },
    helpdeskLimit: 40,
    brevoLimit: 10,
  })
  const workspace = prepareWorkspace(
    { gorgias: sandbox.helpdeskUrl, brevo: sandbox.brevoUrl },
    '{ requests: 40, per_seconds: 20 }',
    '',
    'server: { port: 0 }\n',
  )
  const daemon = spawn(process.execPath, [CLI, 'start'], {
    cwd: workspace.directory,
    env: { ...process.env, ...KEYS, GORGIAS_WEBHOOK_SECRET: SECRET },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  daemon.stderr.on('data', (chunk) => {
    log += chunk
    if (log.length > 1e6) log = log.slice(-1e5)
  })
  await until(() => log.includes('Run ended') && log.includes('"Serving"'))
  const address = /"address":"([^"]+)"/.exec(log)[1]
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const deliver = (id) =>
    post(`${address}/webhooks/gorgias`, JSON.stringify({ ticket_id: String(id) }), agent)
  try {
    await measureLatency(note, sandbox, address, Math.max(10, Math.round(40 * scale)))
    await measureRate(note, workspace.directory, deliver)
    await measureMemory(note, workspace.directory, daemon.pid, deliver, Math.round(1_000_000 * scale))
  } finally {
    daemon.kill('SIGTERM')
    await once(daemon, 'exit')
    agent.destroy()
    await sandbox.close()
    workspace.remove()
  }
}

/** One closing every few seconds, so that the helpdesk's budget is free. */
async function measureLatency(note, { world, brevo }, address, samples) {
  world.webhooks.push({
    id: 1,
    name: 'tajo',
    created: world.now(),
    deactivated: null,
    failures: 0,
    http: {
      url: `${address}/webhooks/gorgias`,
      method: 'POST',
      headers: { 'x-tajo-secret': SECRET },
      form: { ticket_id: '{{ticket.id}}' },
      triggers: { 'ticket-status-updated': true },
    },
  })
  const agent = new Agent({ keepAlive: true })
  fireWebhooks(world, async ({ url, body }) => (await post(url, body, agent)) < 300)
  const tickets = Array.from({ length: samples }, (_, index) => {
    const { id } = world.addCustomer({ email: `bench.${index}@example.com` })
    return world.addTicket({ customerId: id }).id
  })
  // So that they are known before they close.
  await post(`${address}/webhooks/gorgias`, JSON.stringify({ ticket_id: String(tickets[0]) }), agent)
  await delay(25_000)
  const took = []
  for (const id of tickets) {
    await delay(6_000)
    const before = brevo.account.events.length
    const closedAt = performance.now()
    world.closeTicket(id)
    await until(() =>
      brevo.account.events
        .slice(before)
        .some(
          (event) => event.name === 'SUPPORT_TICKET_RESOLVED' && event.properties.ticket_id === String(id),
        ),
    )
    took.push(performance.now() - closedAt)
  }
  world.onLog = null
  agent.destroy()
  const at = (share) => took.sort((a, b) => a - b)[Math.min(took.length - 1, Math.floor(took.length * share))]
  note(
    `closing in the helpdesk to event in Brevo, limits on, p50 / p95 / p99 of ${took.length}`,
    [0.5, 0.95, 0.99].map((share) => `${Math.round(at(share))} ms`).join(' / '),
  )
}

/** 200 a second for ten seconds. */
async function measureRate(note, directory, deliver) {
  const before = counted(directory)
  const took = []
  let refused = 0
  const pending = []
  const startedAt = performance.now()
  for (let index = 0; index < 2_000; index += 1) {
    const due = startedAt + index * 5
    if (due > performance.now()) await delay(due - performance.now())
    const sentAt = performance.now()
    pending.push(
      deliver(1 + (index % 400)).then((status) => {
        took.push(performance.now() - sentAt)
        if (status >= 300) refused += 1
      }),
    )
  }
  await Promise.all(pending)
  const at = (share) => took.sort((a, b) => a - b)[Math.floor(took.length * share)]
  await delay(100)
  const kept = counted(directory) - before
  note('200 deliveries a second, answered in, p50 / p99', `${at(0.5).toFixed(1)} / ${at(0.99).toFixed(1)} ms`)
  note('… of 2,000: on disk, refused', `${kept.toLocaleString('en-US')}, ${refused}`)
}

async function measureMemory(note, directory, pid, deliver, deliveries) {
  const before = counted(directory)
  const samples = []
  let next = 0
  const startedAt = performance.now()
  const worker = async () => {
    while (next < deliveries) {
      next += 1
      if (next % Math.ceil(deliveries / 10) === 0) samples.push(rssMb(pid))
      await deliver(1 + (next % 5_000))
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  const seconds = (performance.now() - startedAt) / 1000
  await delay(200)
  note(
    `${deliveries.toLocaleString('en-US')} deliveries as fast as they are taken`,
    `${Math.round(deliveries / seconds).toLocaleString('en-US')} a second, ${(deliveries - (counted(directory) - before)).toLocaleString('en-US')} lost`,
  )
  note('… memory after each tenth', `${samples.map((mb) => Math.round(mb)).join(' ')} MB`)
}

function counted(directory) {
  const store = openStoreReadOnly(`${directory}/state`)
  const { accepted } = store.refreshRequests.counts('gorgias')
  store.close()
  return accepted
}

function rssMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function post(url, body, agent) {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', 'x-tajo-secret': SECRET } },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      },
    )
    call.on('error', reject)
    call.end(body)
  })
}

async function until(isSo) {
  for (let waited = 0; !isSo(); waited += 2) {
    if (waited > 20_000) throw new Error('it did not come to that')
    await delay(2)
  }
}
