// tajo demo: the sandbox and the daemon together, with nothing to set up and nothing left behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startDaemon } from '../../../daemon/daemon.ts'
import { SANDBOX_KEYS, startSandbox } from '../../../sandbox/sandbox.ts'
import { keepLiving, showEvents, untilInterrupted } from './sandbox.ts'
import { openSession } from '../terminal/session.ts'
import { formatCount } from '../../../lib/human.ts'
import { createProgress, paint, print } from '../terminal/terminal.ts'

/** With the real limits (2 and 10 requests a second) the first sync of this shop takes 20 minutes. */
const GORGIAS_LIMIT = 4_000
const BREVO_LIMIT = 100
const LIVE_EVERY_MS = 1_500

export async function runDemo(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-demo-'))
  const sandbox = await startSandbox({ alive: true, gorgiasLimit: GORGIAS_LIMIT, brevoLimit: BREVO_LIMIT })
  const config = join(directory, 'connectors.yml')
  writeFileSync(config, demoConfig(sandbox.gorgiasUrl, sandbox.brevoUrl))
  const { world } = sandbox
  print(paint('bold', 'tajo demo'))
  print(
    `A shop on this machine: ${formatCount(world.customers.size)} customers, ${formatCount(world.tickets.size)} tickets, ` +
      `${formatCount(world.messages.size)} messages, ${formatCount(world.surveys.size)} surveys.`,
  )
  print(`Gorgias  ${sandbox.gorgiasUrl}\nBrevo    ${sandbox.brevoUrl}\nConfig   ${config}\n`)

  const session = openSession(
    { config, stateDir: join(directory, 'state') },
    { env: { ...process.env, ...SANDBOX_KEYS } },
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

function demoConfig(gorgias: string, brevo: string): string {
  return `brevo:
  base_url: ${brevo}
connectors:
  gorgias:
    base_url: ${gorgias}
    schedule: "*/4 * * * * *"
    survey_schedule: "*/8 * * * * *"
    rate_limit: { requests: ${GORGIAS_LIMIT}, per_seconds: 20 }
    default_country: US
    log_level: warn
    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    tag_lists: { vip: 40, wholesale: 41 }
    field_mapping:
      id: GORGIAS_ID
      email: email
      name: FIRSTNAME
      phone: SMS
      nb_tickets: TICKET_COUNT
      last_ticket_date: LAST_SUPPORT_DATE
      last_ticket_channel: LAST_SUPPORT_CHANNEL
      avg_response_time: AVG_RESPONSE_TIME
      last_satisfaction_score: CSAT_SCORE
      satisfaction_count: CSAT_RESPONSES
      customer_type: CUSTOMER_TYPE
      vip_status: VIP_STATUS
    event_mapping:
      ticket.created: SUPPORT_TICKET_OPENED
      ticket.closed: SUPPORT_TICKET_RESOLVED
      ticket.reopened: SUPPORT_TICKET_REOPENED
      satisfaction_survey.created: CSAT_SURVEY_SENT
      satisfaction_survey.responded: CSAT_SUBMITTED
      customer.created: SUPPORT_CUSTOMER_CREATED
`
}
