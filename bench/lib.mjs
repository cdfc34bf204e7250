// What the benchmarks share: a sandbox in a process of its own, and the built binary measured from outside.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const USAGE = new URL('./usage.mjs', import.meta.url).href
export const KEYS = {
  GORGIAS_EMAIL: 'you@shop.example',
  GORGIAS_API_KEY: 'sandbox-gorgias-key',
  INTERCOM_ACCESS_TOKEN: 'sandbox-intercom-token',
  GLADLY_USERNAME: 'api@shop.example',
  GLADLY_API_KEY: 'sandbox-gladly-token',
  BREVO_API_KEY: 'sandbox-brevo-key',
}

/** Starts `tajo sandbox` and resolves with its two addresses when it answers; the helpdesk's by the name of the helpdesk. */
export async function startSandbox(flags, helpdesk = 'gorgias') {
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=8192', CLI, 'sandbox', helpdesk, '--no-live', ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  const ready = new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      const found = /^\w+ +(http\S+)\nBrevo +(\S+)/m.exec(output)
      if (found) resolve({ [helpdesk]: found[1], brevo: found[2] })
    })
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)))
  })
  return { ...(await ready), stop: () => child.kill('SIGTERM') }
}

const ADDRESS = { gorgias: 'base_url', intercom: 'api_url', gladly: 'base_url' }

/** Gladly has no surveys of its own, and no list of custom fields. */
const WITHOUT = {
  gladly: / *(last_satisfaction_score|satisfaction_|customer_type).*\n|, (dis)?satisfied_customers: \d+/g,
}

/** A directory with a connectors.yml for the sandbox. */
export function prepareWorkspace(
  sandbox,
  rateLimit,
  extra = '',
  top = 'server: { enabled: false }\n',
  helpdesk = 'gorgias',
) {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-bench-'))
  writeFileSync(
    join(directory, 'connectors.yml'),
    `${top}brevo: { base_url: "${sandbox.brevo}" }
connectors:
  ${helpdesk}:
    ${ADDRESS[helpdesk]}: "${sandbox[helpdesk]}"
    rate_limit: ${rateLimit}${extra}
    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    tag_lists: { vip: 40, wholesale: 41 }
    field_mapping:
      id: ${helpdesk.toUpperCase()}_ID
      email: email
      name: FIRSTNAME
      nb_tickets: TICKET_COUNT
      last_ticket_date: LAST_SUPPORT_DATE
      last_ticket_channel: LAST_SUPPORT_CHANNEL
      avg_response_time: AVG_RESPONSE_TIME
      last_satisfaction_score: CSAT_SCORE
      satisfaction_count: CSAT_RESPONSES
      customer_type: CUSTOMER_TYPE
    event_mapping:
      ticket.created: SUPPORT_TICKET_OPENED
      ticket.closed: SUPPORT_TICKET_RESOLVED
      satisfaction_survey.responded: CSAT_SUBMITTED
`.replace(WITHOUT[helpdesk] ?? '', ''),
  )
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Runs the built tajo; its standard output, exit code, wall time, and what it used. */
export async function runTajo(directory, args) {
  const usageFile = join(directory, 'usage.json')
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['--import', USAGE, CLI, ...args], {
    cwd: directory,
    env: { ...process.env, ...KEYS, TAJO_BENCH_USAGE: usageFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const requests = { gorgias: 0, intercom: 0, gladly: 0, contacts: 0 }
  const paths = { gladly: [] }
  child.stdout.on('data', (chunk) => (output += chunk))
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.includes('"Gorgias request"')) requests.gorgias += 1
    else if (line.includes('"Intercom request"')) requests.intercom += 1
    else if (line.includes('"Gladly request"')) {
      requests.gladly += 1
      paths.gladly.push(/"path":"([^"]+)"/.exec(line)?.[1] ?? '')
    } else if (line.includes('"Brevo request"'))
      requests.contacts += Number(line.includes('"path":"/contacts'))
    else process.stderr.write(`${line}\n`)
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  const wallMs = performance.now() - startedAt
  return { code, output, wallMs, requests, paths, ...JSON.parse(readFileSync(usageFile, 'utf8')) }
}

const TICKS_PER_SECOND = 100

/** Runs the daemon with a poll a second; CPU of one poll, after the first run that reads the survey window. */
export async function measurePolls(directory, polls) {
  const file = join(directory, 'connectors.yml')
  const yaml = readFileSync(file, 'utf8').replace(
    '    rate_limit:',
    '    schedule: "* * * * * *"\n    rate_limit:',
  )
  writeFileSync(file, yaml)
  const env = { ...process.env, ...KEYS }
  const child = spawn(process.execPath, [CLI, 'start'], {
    cwd: directory,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const cpuMs = () => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
  }
  let ended = -2
  let before = 0
  for await (const line of createInterface({ input: child.stderr })) {
    if (!line.includes('Run ended')) continue
    ended += 1
    if (ended === 0) before = cpuMs()
    if (ended === polls) break
  }
  const used = cpuMs() - before
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  return { cpuMs: used / polls, polls }
}
