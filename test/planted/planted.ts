// Mistakes that a test must find: those that went unseen once. Each names the test that sees it, the cheapest that can.
import type { Mutant } from '../simulation/mutants.ts'

export interface Planted extends Mutant {
  /** Under test/. */
  seenBy: string
  /** The time zone in which it is seen. */
  zone?: string
}

export const PLANTED: readonly Planted[] = [
  {
    name: 'Brevo’s 429 is not waited out',
    file: 'brevo/transport.ts',
    from: 'limiter.exhaust(Number.isFinite(resetMs) ? resetMs : RESET_UNKNOWN_MS)',
    to: 'void RESET_UNKNOWN_MS',
    seenBy: 'brevo/pace.test.ts',
  },
  {
    name: 'rows that an import swallowed are taken for written',
    file: 'outbox/deliver-imports.ts',
    from: 'if (missed.length === 0) return',
    to: 'if (missed.length >= 0) return',
    seenBy: 'outbox/import-lessons.test.ts',
  },
  {
    name: 'dates are read in the zone of this machine',
    file: 'model/time.ts',
    from: '    Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second) -',
    to: '    new Date(+year!, +month! - 1, +day!, +hour, +minute, +second).getTime() -',
    seenBy: 'model/time.test.ts',
    zone: 'Pacific/Chatham',
  },
  {
    name: 'a webhook is answered before it is on disk',
    file: 'interfaces/server/webhooks.ts',
    from: 'await inbox.put(connector, heard)',
    to: 'inbox.put(connector, heard).catch(() => undefined)',
    seenBy: 'interfaces/server/on-disk.test.ts',
  },
  {
    name: 'forget leaves the messages',
    file: 'state/records/forgotten.ts',
    from: 'DELETE FROM messages WHERE (source, ticket_id) IN',
    to: 'DELETE FROM messages WHERE 0 AND (source, ticket_id) IN',
    seenBy: 'state/forget-leaves-nothing.test.ts',
  },
  {
    name: 'forget leaves what campaigns decided',
    file: 'state/records/forgotten.ts',
    from: 'DELETE FROM campaign_entries WHERE email = @email\n        OR (source,',
    to: "DELETE FROM campaign_entries WHERE @email = ''\n        AND (source,",
    seenBy: 'state/forget-leaves-nothing.test.ts',
  },
  {
    name: 'addresses stand in the log',
    file: 'lib/log/redact.ts',
    from: 'return options.showPersonal ? cleaned : maskPersonal(cleaned)',
    to: 'return cleaned',
    seenBy: 'lib/log/log.test.ts',
  },
  {
    name: 'addresses stand in the errors of the terminal',
    file: 'interfaces/cli/terminal/terminal.ts',
    from: 'maskPersonal(error.message)',
    to: 'error.message',
    seenBy: 'interfaces/cli/terminal.test.ts',
  },
  {
    name: 'a route of the control API does not ask for its key',
    file: 'interfaces/server/control.ts',
    from: 'if (!isKnown) return reply.code(401).send()',
    to: "if (!isKnown && request.method !== 'GET') return reply.code(401).send()",
    seenBy: 'interfaces/server/control.test.ts',
  },
  {
    name: 'where the clock is set, plans move the wrong way',
    file: 'state/store.ts',
    from: 'SET ${column} = ${column} + @by WHERE',
    to: 'SET ${column} = ${column} - @by WHERE',
    seenBy: 'state/clock-jumps.test.ts',
  },
  {
    name: 'the contact of a deleted customer is not looked at again',
    file: 'sync/read/refetch.ts',
    from: '  markCustomer(context, id)\n  const email = emailOf(context, id)',
    to: '  const email = emailOf(context, id)',
    seenBy: 'sync/definitions.test.ts',
  },
  {
    name: 'secrets are compared letter by letter',
    file: 'lib/net/signature.ts',
    from: 'return timingSafeEqual(digest(given), digest(expected))',
    to: 'return given === expected',
    seenBy: 'interfaces/server/auth.test.ts',
  },
  {
    name: 'the run of one connector releases what another has staged',
    file: 'state/delivery/outbox-events.ts',
    from: "WHERE state = 'staged' AND source = @source AND occurred_at <= @horizon`)",
    to: "WHERE state = 'staged' AND @source <> '' AND occurred_at <= @horizon`)",
    seenBy: 'projection/several.test.ts',
  },
  {
    name: 'what one connector still reads is written as if it were all',
    file: 'projection/unite.ts',
    from: 'if (lines.some(({ part, field }) => part.partial && field.metric)) return undefined',
    to: '',
    seenBy: 'projection/several.test.ts',
  },
  {
    name: 'an error of the helpdesk is believed under any status',
    file: 'sources/verdict.ts',
    from: 'if (status < 400 || words === null)',
    to: 'if (words === null)',
    seenBy: 'sync/one-object.test.ts',
  },
  {
    name: 'what an unanswered write left is taken for what was told',
    file: 'outbox/deliver-contacts.ts',
    from: 'if (attempts === 0 && lost === 0) return again === 0 ? told : { ...told, attributes: {} }',
    to: 'if (attempts >= 0 || lost === 0 || again === 0) return told',
    seenBy: 'outbox/contacts.test.ts',
  },
]
