// tajo status: what the state says, while a daemon runs or not.
import type { Config } from '../../../config/config.ts'
import { loadConfig, parseConfig } from '../../../config/load.ts'
import { type ConnectorStatus, readStatus } from '../../../engine/status.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { TajoError } from '../../../lib/errors.ts'
import { formatCount, formatDuration, formatTime, plural } from '../../../lib/human.ts'
import { readInForce } from '../../../state/reading/applied-config.ts'
import type { FirstSync } from '../../../state/meta.ts'
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
    else if (config.connectors.length === 0) print(`There is no connector in ${options.config}.`)
    else for (const [name, one] of Object.entries(status)) printStatus(name, one ?? null)
    return Object.values(status).some((one) => one?.needsAttention === true) ? 1 : 0
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
  const mark = status?.needsAttention === true ? paint('red', '  needs attention') : ''
  print(`${paint('bold', name)}${mark}`)
  if (status === null) return print('  Nothing was synced yet. Start with: tajo sync ' + name)
  printConnection(name, status)
  printConfig(status)
  printCounts(status)
  printWaiting(name, status)
}

const row = (label: string, value: string): void => print(wrap(`  ${label.padEnd(14)} ${value}`, 17))

/** Whether both sides answer, and whether somebody works. */
function printConnection(
  name: string,
  { troubles, connected, lastError, running, nextRun, paused }: ConnectorStatus,
): void {
  const { helpdesk, brevo } = troubles
  const outages = [
    ...(helpdesk === null ? [] : [`${name} has not answered well since ${toWords(helpdesk)}`]),
    ...(brevo === null ? [] : [`Brevo has not answered well since ${toWords(brevo)}`]),
  ]
  const reasons = outages.length > 0 || lastError === null ? outages : [lastError]
  const answer = connected ? paint('green', 'yes') : [paint('red', 'no'), ...reasons.slice(0, 1)].join(': ')
  row('connected', answer)
  for (const reason of reasons.slice(1)) row('', reason)
  if (outages.length > 0) row('', 'Nothing is lost; what waits goes out by itself when it answers again.')
  const next = nextRun === null ? '' : `, next run ${formatTime(nextRun)}`
  row('daemon', running ? `running${next}` : 'not running')
  if (paused === null) return
  const by = paused.refused_by === 'brevo' ? 'by Brevo' : 'by the helpdesk'
  row('refused', paint('red', `${by}: ${paused.reason}`))
  if (paused.hint !== undefined) row('to do', paused.hint)
  const again = `Tried again at ${formatTime(paused.until)}`
  row('', `${again}; at once after tajo connectors test ${name}, or with new keys.`)
}

function printConfig({ pendingConfig }: ConnectorStatus): void {
  if (pendingConfig === null) return
  const { state, reasons } = pendingConfig
  const word =
    state === 'faulty'
      ? paint('red', 'changed, with mistakes')
      : paint('yellow', 'changed, waits for tajo approve')
  row('connectors.yml', word)
  for (const reason of reasons) row('', reason)
}

function printCounts(status: ConnectorStatus): void {
  row('last sync', status.lastSync === null ? 'never' : formatTime(status.lastSync))
  if (status.firstSync !== null) row('first sync', toFirstSyncWords(status.firstSync))
  if (status.freshAsOf !== null)
    row('fresh', `what had changed by ${formatTime(status.freshAsOf)} is in Brevo`)
  if (status.objective !== null) row('objective', toObjectiveWords(status.objective))
  for (const [attribute, one] of Object.entries(status.attributeObjectives))
    row('objective', `${attribute} ${toObjectiveWords(one)}`)
  if (status.lastReconcile !== null) row('reconciled', formatTime(status.lastReconcile))
  if (status.gap !== null) {
    const [from, until] = [formatTime(status.gap.from), formatTime(status.gap.until)]
    row(
      'gap',
      `what happened from ${from} to ${until} is read from reports: the event feed did not reach back that far`,
    )
  }
  const lacking = [`${formatCount(status.customersWithoutEmail)} without an e-mail address`]
  if (status.invalidPhones > 0) lacking.push(`${formatCount(status.invalidPhones)} with an invalid phone`)
  row('customers', `${formatCount(status.customersCount)} (${lacking.join(', ')})`)
  row('tickets', formatCount(status.ticketsTracked))
  const unknown = Object.entries(status.unknownChannels).map(
    ([word, count]) => `${word} (${formatCount(count)})`,
  )
  if (unknown.length > 0)
    row('channels', `${unknown.join(', ')} have no name: write them under channels in connectors.yml`)
  row('CSAT responses', formatCount(status.csatResponses))
  for (const sentence of status.late) row('late', sentence)
  if (status.tables !== null) row('tables', toTableWords(status.tables))
  if (status.agents.length > 0) row('agents', status.agents.map(toAgentWords).join(', '))
  const sent = plural(status.events['sent'] ?? 0, 'event')
  row('in Brevo', `${plural(status.contactsInBrevo, 'contact')}, ${sent} sent`)
  const budget = status.rateLimit?.helpdesk
  if (budget != null)
    row('rate limit', `${budget.used} of ${budget.limit} requests used when it last answered`)
  const { contacts, events, behind } = status.backlog
  const held = behind > 0 ? ` (${formatCount(behind)} not sent yet because of what comes before)` : ''
  row('backlog', `${plural(contacts, 'contact')}, ${plural(events, 'event')}${held}`)
  for (const [stream, { readUpTo, backfilled }] of Object.entries(status.cursors)) {
    if (readUpTo === null) continue
    const under = backfilled ? '' : ', first sync still under way'
    row(stream.replace('satisfaction_', ''), `read up to ${formatTime(readUpTo)}${under}`)
  }
}

function toFirstSyncWords(one: FirstSync): string {
  const { customers, tickets, surveys } = one.read
  const rate = (value: number): string => (value < 1 ? '' : ` (${formatCount(Math.round(value))} a second)`)
  const read = `${plural(customers + tickets + surveys, 'record')} read${rate(one.recordsPerSecond)}${one.isRead ? ', which is all' : ''}`
  const left = one.secondsLeft === null ? '' : `, ${formatDuration(one.secondsLeft * 1000)} left`
  return `${read}; ${plural(one.waiting, 'contact')} to be written${rate(one.contactsPerSecond)}${left}`
}

/** What waits for an answer, for a person, or for nothing any more. */
function printWaiting(name: string, { events, heldRemovals, setAside }: ConnectorStatus): void {
  const { uncertain = 0, parked = 0, skipped = 0 } = events
  const them = uncertain === 1 ? 'it' : 'them'
  if (uncertain > 0)
    row('in doubt', `${plural(uncertain, 'event')} without an answer; Brevo is asked for ${them}`)
  if (parked > 0) row('parked', `${plural(parked, 'event')}: tajo dead-letters list`)
  if (skipped > 0)
    row('not sent', `${plural(skipped, 'event')}: a condition, their age, or a contact that is not in Brevo`)
  if (heldRemovals !== null) {
    const many = `more than ${formatCount(heldRemovals.limit)} memberships would be taken away`
    row('guard', paint('red', `${many}: tajo sync ${name} --accept-removals`))
  }
  row('set aside', formatCount(setAside.count))
  for (const { kind, key, reason } of setAside.latest) print(`    ${kind} ${mask(key)}: ${reason}`)
  if (setAside.count > 0) print('    What to do about them: tajo dead-letters list')
}

function toObjectiveWords({ freshnessMs, kept }: NonNullable<ConnectorStatus['objective']>): string {
  const within = `in Brevo within ${formatDuration(freshnessMs)}`
  const told = kept.flatMap(({ days, kept: share }) =>
    share === null ? [] : [`${toPercent(share)} of ${days === 1 ? 'today' : `${days} days`}`],
  )
  return told.length === 0 ? `${within}: not looked at so far` : `${within}: ${told.join(', ')}`
}

/** Rounded down: what was missed once is not kept always. */
const toPercent = (share: number): string => `${Math.floor(share * 1_000) / 10} %`

function toTableWords({ to, freshAt, trouble }: NonNullable<ConnectorStatus['tables']>): string {
  const fresh = freshAt === null ? `not read into ${to} so far` : `in ${to}, as of ${formatTime(freshAt)}`
  return trouble === null
    ? fresh
    : paint('red', `${fresh}; since ${formatTime(trouble.since)} it fails: ${trouble.reason}`)
}

const toAgentWords = ({ id, name, state, reason }: ConnectorStatus['agents'][number]): string =>
  `${name ?? id} ${state}${reason === null ? '' : ` (${reason})`}`

const toWords = ({ since, reason }: { since: string; reason: string }): string =>
  `${formatTime(since)} (${reason})`

/** Keys of contacts are addresses. */
function mask(key: string): string {
  return key.replace(/^(.)[^@/]*@(.)[^./]*/, '$1***@$2***')
}
