// tajo status: what the state says, while a daemon runs or not.
import type { Config } from '../../../config/config.ts'
import { loadConfig, parseConfig } from '../../../config/load.ts'
import { type ConnectorStatus, readStatus } from '../../../engine/status.ts'
import { isLocked } from '../../../state/db/database.ts'
import { TajoError } from '../../../lib/errors.ts'
import { formatTime, plural, formatCount } from '../../../lib/human.ts'
import { readInForce } from '../../../state/reading/applied-config.ts'
import { openStoreReadOnly, type Store } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print, wrap } from '../terminal/terminal.ts'

export function runStatus(options: CommonOptions & { json?: boolean }): number {
  const store = openStoreReadOnly(options.stateDir)
  const config = loadInForce(options.config, store)
  const running = isLocked(options.stateDir)
  try {
    const status = Object.fromEntries(
      config.connectors.map((connector) => [
        connector.name,
        store === null ? null : readStatus(store, connector, running),
      ]),
    )
    if (options.json === true) print(JSON.stringify(status))
    else for (const [name, one] of Object.entries(status)) printStatus(name, one ?? null)
    return 0
  } finally {
    store?.close()
  }
}

/** A faulty file does not hide what the daemon does with the last good one. */
function loadInForce(file: string, store: Store | null): Config {
  try {
    return loadConfig(file, process.env)
  } catch (thrown) {
    const inForce = store === null ? null : readInForce(store)
    const isFaulty = thrown instanceof TajoError && thrown.code === 'config_invalid'
    if (!isFaulty || inForce === null) throw thrown
    return parseConfig(file, inForce, process.env)
  }
}

function printStatus(name: string, status: ConnectorStatus | null): void {
  print(paint('bold', name))
  if (status === null) return print('  Nothing was synced yet. Start with: tajo sync ' + name)
  const row = (label: string, value: string): void => print(wrap(`  ${label.padEnd(14)} ${value}`, 17))
  const { helpdesk, brevo } = status.troubles
  const outages = [
    ...(helpdesk === null ? [] : [`${name} has not answered well since ${toWords(helpdesk)}`]),
    ...(brevo === null ? [] : [`Brevo has not answered well since ${toWords(brevo)}`]),
  ]
  const reasons = outages.length > 0 || status.lastError === null ? outages : [status.lastError]
  row(
    'connected',
    status.connected ? paint('green', 'yes') : [paint('red', 'no'), ...reasons.slice(0, 1)].join(': '),
  )
  for (const reason of reasons.slice(1)) row('', reason)
  if (outages.length > 0) row('', 'Nothing is lost; what waits goes out by itself when it answers again.')
  row(
    'daemon',
    status.running
      ? `running${status.nextRun === null ? '' : `, next run ${formatTime(status.nextRun)}`}`
      : 'not running',
  )
  if (status.paused !== null) {
    const { refused_by: by, until, reason } = status.paused
    row('refused', paint('red', `${by === 'brevo' ? 'by Brevo' : 'by the helpdesk'}: ${reason}`))
    row(
      '',
      `Tried again at ${formatTime(until)}; at once after tajo connectors test ${name}, or with new keys.`,
    )
  }
  if (status.pendingConfig !== null) {
    const { state, reasons } = status.pendingConfig
    const word =
      state === 'faulty'
        ? paint('red', 'changed, with mistakes')
        : paint('yellow', 'changed, waits for tajo approve')
    row('connectors.yml', word)
    for (const reason of reasons) row('', reason)
  }
  row('last sync', status.lastSync === null ? 'never' : formatTime(status.lastSync))
  if (status.lastReconcile !== null) row('reconciled', formatTime(status.lastReconcile))
  const lacking = [`${formatCount(status.customersWithoutEmail)} without an e-mail address`]
  if (status.invalidPhones > 0) lacking.push(`${formatCount(status.invalidPhones)} with an invalid phone`)
  row('customers', `${formatCount(status.customersCount)} (${lacking.join(', ')})`)
  row('tickets', formatCount(status.ticketsTracked))
  row('CSAT responses', formatCount(status.csatResponses))
  row(
    'in Brevo',
    `${plural(status.contactsInBrevo, 'contact')}, ${plural(status.events['sent'] ?? 0, 'event')} sent`,
  )
  const budget = status.rateLimit?.helpdesk
  if (budget != null)
    row('rate limit', `${budget.used} of ${budget.limit} requests used when it last answered`)
  const { contacts, events, behind } = status.backlog
  row(
    'backlog',
    `${plural(contacts, 'contact')}, ${plural(events, 'event')}${behind > 0 ? ` (${formatCount(behind)} not sent yet because of what comes before)` : ''}`,
  )
  for (const [stream, { readUpTo, backfilled }] of Object.entries(status.cursors)) {
    if (readUpTo !== null)
      row(
        stream.replace('satisfaction_', ''),
        `read up to ${formatTime(readUpTo)}${backfilled ? '' : ', first sync still under way'}`,
      )
  }
  const { uncertain = 0, parked = 0, skipped = 0 } = status.events
  if (uncertain > 0)
    row(
      'in doubt',
      `${plural(uncertain, 'event')} without an answer; Brevo is asked for ${uncertain === 1 ? 'it' : 'them'}`,
    )
  if (parked > 0) row('parked', `${plural(parked, 'event')}: tajo dead-letters list`)
  if (skipped > 0)
    row('not sent', `${plural(skipped, 'event')}: a condition, their age, or a contact that is not in Brevo`)
  if (status.heldRemovals !== null)
    row(
      'guard',
      paint(
        'red',
        `more than ${formatCount(status.heldRemovals.limit)} memberships would be taken away: tajo sync ${name} --accept-removals`,
      ),
    )
  row('set aside', formatCount(status.setAside.count))
  for (const { kind, key, reason } of status.setAside.latest) print(`    ${kind} ${mask(key)}: ${reason}`)
  if (status.setAside.count > 0) print('    What to do about them: tajo dead-letters list')
}

const toWords = ({ since, reason }: { since: string; reason: string }): string =>
  `${formatTime(since)} (${reason})`

/** Keys of contacts are addresses. */
function mask(key: string): string {
  return key.replace(/^(.)[^@/]*@(.)[^./]*/, '$1***@$2***')
}
