// tajo audit: what was sent against what Brevo shows, over a span of time that is over.
import { TajoError } from '../../../lib/errors.ts'
import { formatTime, formatCount } from '../../../lib/human.ts'
import { fromMs, type Instant, parseInstant, toIso } from '../../../model/time.ts'
import { openStoreReadOnly } from '../../../state/store.ts'
import { type CommonOptions, openSession } from '../terminal/session.ts'
import { countShown } from './shown-events.ts'
import { paint, print } from '../terminal/terminal.ts'

export interface AuditOptions extends CommonOptions {
  from?: string
  to?: string
  json?: boolean
}

export interface Audit {
  from: string
  to: string
  /** Taken by Brevo in that time, as tajo remembers. */
  sent: number
  /** Of these, shown by Brevo exactly once. */
  confirmed: number
  doubled: { event_id: string; name: string; times: number }[]
  /** Not shown: never arrived, or its contact was deleted since. */
  missing: { event_id: string; name: string; sent_at: string }[]
  /** Not in `sent`: no answer came, and Brevo is still being asked. */
  in_doubt: number
  /** Not in `sent`: set aside because nobody can say whether they arrived. */
  parked: number
}

const DAY_MS = 24 * 3_600_000
/** Brevo may show an event some minutes after it took it: the last quarter of an hour is not over yet. */
const SETTLING_MS = 15 * 60_000

/** Exit code 1 where an event is doubled or missing. */
export async function runAudit(options: AuditOptions): Promise<number> {
  const session = openSession(options)
  const store = openStoreReadOnly(options.stateDir)
  try {
    const { clock } = session.ports
    const closed = fromMs(clock.now() - SETTLING_MS)
    const to = Math.min(parse(options.to) ?? closed, closed)
    const from = parse(options.from) ?? to - fromMs(DAY_MS)
    if (from >= to)
      throw new TajoError('usage', 'That span of time is empty, or not over yet.', {
        hint: 'Its last quarter of an hour is left out: Brevo may show events late.',
      })
    const ledger = store?.outboxEvents.sentBetween(from, to) ?? []
    const times = await countShown(
      session,
      ledger.map((event) => event.name),
      // A campaign's event is dated when it fired.
      ledger.flatMap((event) => [event.occurredAt, event.sentAt]),
    )
    const counts = store?.outboxEvents.counts() ?? {}
    const count = (id: string): number => times.get(id) ?? 0
    const audit: Audit = {
      from: toIso(from),
      to: toIso(to),
      sent: ledger.length,
      confirmed: ledger.filter((event) => count(event.eventId) === 1).length,
      doubled: ledger
        .filter((event) => count(event.eventId) > 1)
        .map(({ eventId, name }) => ({ event_id: eventId, name, times: count(eventId) })),
      missing: ledger
        .filter((event) => count(event.eventId) === 0)
        .map(({ eventId, name, sentAt }) => ({ event_id: eventId, name, sent_at: toIso(sentAt) })),
      in_doubt: counts.uncertain ?? 0,
      parked: counts.parked ?? 0,
    }
    if (options.json === true) print(JSON.stringify(audit))
    else printAudit(audit)
    return audit.doubled.length + audit.missing.length > 0 ? 1 : 0
  } finally {
    store?.close()
    session.close()
  }
}

function printAudit(audit: Audit): void {
  print(`Events between ${formatTime(audit.from)} and ${formatTime(audit.to)}`)
  const row = (label: string, count: number, bad: boolean): void =>
    print(`  ${label.padEnd(10)} ${bad && count > 0 ? paint('red', formatCount(count)) : formatCount(count)}`)
  row('sent', audit.sent, false)
  row('confirmed', audit.confirmed, false)
  row('doubled', audit.doubled.length, true)
  row('missing', audit.missing.length, true)
  row('in doubt', audit.in_doubt, false)
  row('parked', audit.parked, false)
  for (const { event_id, name, times } of audit.doubled.slice(0, 20))
    print(`  ${paint('red', '✗')} ${name} ${event_id} is in Brevo ${times} times`)
  for (const { event_id, name, sent_at } of audit.missing.slice(0, 20))
    print(
      `  ${paint('red', '✗')} ${name} ${event_id}, taken at ${formatTime(sent_at)}, is not shown by Brevo (or its contact was deleted since)`,
    )
  if (audit.sent > 0 && audit.doubled.length + audit.missing.length === 0)
    print(`${paint('green', '✓')} Brevo shows each of them once.`)
}

function parse(text: string | undefined): Instant | null {
  if (text === undefined) return null
  const at = parseInstant(text)
  if (at === null)
    throw new TajoError('usage', `"${text}" is no date.`, {
      hint: 'Write it as 2024-01-31 or 2024-01-31T12:00:00Z.',
    })
  return at
}
