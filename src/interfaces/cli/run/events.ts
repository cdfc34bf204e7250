// tajo events tail and tajo replay: the ledger of events, as it grows, and once more.
import { formatTime, formatCount } from '../../../lib/human.ts'
import { setTimeout as delay } from 'node:timers/promises'

import { TajoError } from '../../../lib/errors.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import { fromMs, type Instant, parseInstant, toIso } from '../../../model/time.ts'
import { replayEvents } from '../../../outbox/replay.ts'
import { openStore, openStoreReadOnly } from '../../../state/store.ts'
import type { LedgerRow } from '../../../state/delivery/ledger.ts'
import { hereOrBeside } from '../terminal/beside.ts'
import { type CommonOptions, openSession } from '../terminal/session.ts'
import { countShown } from './shown-events.ts'
import { paint, print, say, toCount } from '../terminal/terminal.ts'

const LOOK_AGAIN_MS = 500

/** Prints what is added to the ledger and what becomes of it, until it is interrupted. */
export async function runEventsTail(
  options: CommonOptions & { json?: boolean; lines: string; follow: boolean },
): Promise<number> {
  const store = openStoreReadOnly(options.stateDir)
  if (store === null)
    throw new TajoError('usage', 'Nothing was synced yet.', { hint: 'Start with: tajo start' })
  let stopped = false
  process.once('SIGINT', () => (stopped = true)).once('SIGTERM', () => (stopped = true))
  try {
    const shown = new Map<number, string>()
    let rows = store.ledger.last(toCount(options.lines, '--lines'))
    for (;;) {
      for (const row of rows) {
        if (shown.get(row.seq) === row.state) continue
        shown.set(row.seq, row.state)
        print(options.json === true ? JSON.stringify(toShown(row)) : toLine(row))
      }
      if (stopped || !options.follow) return 0
      await delay(LOOK_AGAIN_MS)
      rows = store.ledger.changedSince(
        Math.max(0, ...shown.keys()),
        [...shown].flatMap(([seq, state]) => (isOpen(state) ? [seq] : [])),
      )
    }
  } finally {
    store.close()
  }
}

const isOpen = (state: string): boolean => !['sent', 'refused', 'skipped', 'parked'].includes(state)

function toShown(row: LedgerRow) {
  return {
    event_id: row.eventId,
    name: row.name,
    email: row.email,
    state: row.state,
    reason: row.reason,
    happened_at: toIso(row.occurredAt),
    sent_at: row.sentAt === null ? null : toIso(row.sentAt),
  }
}

function toLine(row: LedgerRow): string {
  const colour = row.state === 'sent' ? 'green' : row.state === 'refused' ? 'red' : 'yellow'
  const reason = row.reason === null ? '' : paint('dim', `  ${row.reason}`)
  return `${formatTime(toIso(row.occurredAt))}  ${paint(colour, row.state.padEnd(9))}  ${row.name.padEnd(28)}  ${maskPersonal(row.email)}${reason}`
}

/** Sends again, from the ledger, what Brevo does not show. */
export async function runReplay(
  options: CommonOptions & { from: string; to?: string; event?: string; dryRun?: boolean; json?: boolean },
): Promise<number> {
  const session = openSession(options)
  const now = fromMs(session.ports.clock.now())
  const from = toInstant(options.from)
  // What was sent lately may not be shown yet.
  const latest = now - fromMs(SETTLED_AFTER * session.config.delivery.uncertain.verifyAfterMs)
  const to = Math.min(latest, options.to === undefined ? latest : toInstant(options.to))
  if (from >= to) throw new TajoError('usage', '--from must be before --to.')
  const dryRun = options.dryRun === true
  try {
    const rows = readSent(options.stateDir, from, to).filter(
      (row) => options.event === undefined || row.name === options.event,
    )
    const shown = await countShown(
      session,
      rows.map((row) => row.name),
      // Events are dated when they happened, which may be long before they were sent.
      [from, now, ...rows.map((row) => row.occurredAt)],
    )
    const missing = rows.filter((row) => !shown.has(row.eventId))
    const possible = missing.filter((row) => row.hasPayload)
    const toSend = dryRun ? possible.length : await replay(options.stateDir, possible)
    const report = {
      in_ledger: rows.length,
      in_brevo: rows.length - missing.length,
      to_send: toSend,
      /** Their content is kept for `retention.payloads` only. */
      without_content: missing.length - possible.length,
    }
    if (options.json === true) print(JSON.stringify(report))
    else {
      print(`In the ledger  ${formatCount(report.in_ledger)} events sent`)
      print(`In Brevo       ${formatCount(report.in_brevo)} of them`)
      print(`${dryRun ? 'Would send' : 'To be sent'}     ${formatCount(report.to_send)}`)
      if (report.without_content > 0)
        say(
          `${formatCount(report.without_content)} can not be sent again: their content is not kept any more.`,
        )
      if (!dryRun && toSend > 0)
        print(
          'Brevo is asked for them three times more before they are sent, by the next sync or by tajo start.',
        )
    }
    return report.without_content > 0 ? 3 : 0
  } finally {
    session.close()
  }
}

function readSent(stateDir: string, from: Instant, to: Instant): LedgerRow[] {
  const store = openStoreReadOnly(stateDir)
  const rows = store?.ledger.sentBetween(from, to) ?? []
  store?.close()
  return rows
}

async function replay(stateDir: string, rows: readonly LedgerRow[]): Promise<number> {
  const events = rows.map(({ eventId, email }) => ({ eventId, email }))
  if (events.length === 0) return 0
  const here = async (): Promise<number> => {
    const store = openStore(stateDir)
    try {
      return replayEvents(store, events)
    } finally {
      store.close()
    }
  }
  return await hereOrBeside(stateDir, here, 'replay', { events })
}

/** In multiples of `verify_after`: the last of the three looks. */
const SETTLED_AFTER = 12

function toInstant(text: string): number {
  const at = parseInstant(text)
  if (at === null) throw new TajoError('usage', `"${text}" is no date.`, { hint: 'Write it as 2024-01-31.' })
  return at
}
