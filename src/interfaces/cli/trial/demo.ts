// tajo demo: the sandbox and the daemon together, with nothing to set up and nothing left behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startDaemon } from '../../../daemon/daemon.ts'
import { findEmptyReason } from '../../../config/rules-supports.ts'
import type { OccurrenceType } from '../../../model/occurrence.ts'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts'
import { requireSource } from '../../../sources/index.ts'
import { keepLiving, printAddresses, showEvents, toEnvironment, untilInterrupted } from './sandbox.ts'
import { openSession } from '../terminal/session.ts'
import { formatCount } from '../../../lib/human.ts'
import { createProgress, paint, print } from '../terminal/terminal.ts'

/** With the real limits (2 and 10 requests a second) the first sync of this shop takes 20 minutes. */
const HELPDESK_LIMIT = 4_000
const BREVO_LIMIT = 100
const LIVE_EVERY_MS = 1_500

export async function runDemo(helpdesk: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-demo-'))
  const sandbox = await startSandbox({
    helpdesk,
    alive: true,
    helpdeskLimit: HELPDESK_LIMIT,
    brevoLimit: BREVO_LIMIT,
  })
  const config = join(directory, 'connectors.yml')
  writeFileSync(config, toDemoConfig(sandbox))
  const { world } = sandbox
  print(paint('bold', 'tajo demo'))
  print(
    `A shop on this machine: ${formatCount(world.customers.size)} customers, ${formatCount(world.tickets.size)} tickets, ` +
      `${formatCount(world.messages.size)} messages, ${formatCount(world.surveys.size)} surveys.`,
  )
  printAddresses(sandbox)
  print(`Config   ${config}\n`)

  const session = openSession(
    { config, stateDir: join(directory, 'state') },
    { env: { ...process.env, ...toEnvironment(sandbox.definition) } },
  )
  const progress = createProgress()
  let stopLiving = (): void => undefined
  let isFirst = true
  const daemon = startDaemon(session.engine, session.ports, {
    onProgress: (_, one) => {
      if (isFirst) progress.update(one)
    },
    onRun(report, isSettled) {
      // The first sync has come to its end where what was read is at Brevo, too; a run only counts its own.
      if (!isFirst || !isSettled || report.undelivered.contacts > 0) return
      isFirst = false
      progress.done()
      printFirst(sandbox.brevo.account.contacts.size)
      showEvents(sandbox)
      stopLiving = keepLiving(sandbox, LIVE_EVERY_MS, (line) =>
        print(paint('dim', `         helpdesk: ${line}`)),
      )
    },
  })
  try {
    await Promise.race([untilInterrupted(), daemon.ended])
    progress.done()
    print('\nLeaving: what is under way is finished first.')
    stopLiving()
    daemon.stop()
    await daemon.ended
    print(
      `Brevo holds ${formatCount(sandbox.brevo.account.contacts.size)} contacts and took ${formatCount(sandbox.brevo.account.events.length)} events.`,
    )
    return 0
  } finally {
    stopLiving()
    session.close()
    await sandbox.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

function printFirst(contacts: number): void {
  print(paint('green', '✓ First sync done'))
  print(
    `Brevo holds ${formatCount(contacts)} contacts now. History fires no event; what happens from here on does:\n`,
  )
}

const FIELDS: Record<string, string> = {
  email: 'email',
  name: 'FIRSTNAME',
  phone: 'SMS',
  nb_tickets: 'TICKET_COUNT',
  last_ticket_date: 'LAST_SUPPORT_DATE',
  last_ticket_channel: 'LAST_SUPPORT_CHANNEL',
  avg_response_time: 'AVG_RESPONSE_TIME',
  last_satisfaction_score: 'CSAT_SCORE',
  satisfaction_count: 'CSAT_RESPONSES',
  customer_type: 'CUSTOMER_TYPE',
  vip_status: 'VIP_STATUS',
}

const EVENTS: Record<string, string> = {
  'ticket.created': 'SUPPORT_TICKET_OPENED',
  'ticket.closed': 'SUPPORT_TICKET_RESOLVED',
  'ticket.reopened': 'SUPPORT_TICKET_REOPENED',
  'satisfaction_survey.created': 'CSAT_SURVEY_SENT',
  'satisfaction_survey.responded': 'CSAT_SUBMITTED',
  'customer.created': 'SUPPORT_CUSTOMER_CREATED',
}

/** What the helpdesk can tell of the documentation's example. */
function toDemoConfig({ definition, helpdeskUrl, brevoUrl }: Sandbox): string {
  const source = requireSource(definition.name)
  const { supports, address, options } = source
  const hasCustomFields = supports.directories.includes('custom_fields')
  const fields = Object.entries(FIELDS).filter(
    ([field]) =>
      findEmptyReason(source, field) === null &&
      (hasCustomFields || !['customer_type', 'vip_status'].includes(field)),
  )
  const events = Object.entries(EVENTS).filter(
    ([type]) => supports.occurrences[type as OccurrenceType] !== undefined,
  )
  const scores =
    supports.streams.satisfaction_surveys === undefined
      ? ''
      : ', satisfied_customers: 36, dissatisfied_customers: 37'
  const toLines = (entries: readonly (readonly [string, string])[]): string =>
    entries.map(([key, value]) => `      ${key}: ${value}\n`).join('')
  return `brevo:
  base_url: ${brevoUrl}
connectors:
  ${source.name}:
    ${address.base}: ${helpdeskUrl}
    schedule: "*/4 * * * * *"
    survey_schedule: "*/8 * * * * *"
${options['rate_limit'] === undefined ? '' : `    rate_limit: { requests: ${HELPDESK_LIMIT}, per_seconds: ${definition.limit.windowMs / 1000} }\n`}\
    default_country: US
    log_level: warn
    lists: { all_support_contacts: 35${scores} }
    tag_lists: { vip: 40, wholesale: 41 }
    field_mapping:
      id: ${definition.idAttribute}
${toLines(fields)}    event_mapping:
${toLines(events)}`
}
