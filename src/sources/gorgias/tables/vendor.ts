// Gorgias as tables: its lists as they are, with the text of messages (gorgias-api.md § 3, § 4).
import { fromMs, parseInstant } from '../../../model/time.ts'
import { column, type Json, type Removal, type TableDefinition, toText } from '../../tables.ts'

const DAY = fromMs(24 * 3_600_000)

const { id, text, time, flag, integer, json } = column
const created = time('created_datetime', 'When it was made.')
const updated = time('updated_datetime', 'When it last changed.')

export const gorgiasTables: readonly TableDefinition[] = [
  {
    name: 'customers',
    description: 'Whoever wrote, and whoever was entered by hand.',
    reading: { mode: 'newest_first' },
    version: 'updated_datetime',
    columns: [
      id,
      text('external_id', 'Their id in the shop.'),
      text('email', 'The address, as the helpdesk has it.'),
      text('name', 'Full name.'),
      text('firstname', 'First name.'),
      text('lastname', 'Last name.'),
      text('language', 'ISO 639-1.'),
      text('timezone', 'IANA.'),
      text('note', 'What an agent noted.'),
      json('data', 'What an integration wrote.'),
      json('custom_fields', 'Values by the field’s id.'),
      created,
      updated,
    ],
  },
  {
    name: 'tickets',
    holdsWords: true,
    description: 'Conversations, also those in the trash and in spam.',
    reading: { mode: 'newest_first' },
    version: 'updated_datetime',
    columns: [
      id,
      text('external_id', 'Its id elsewhere.'),
      text('status', '`open` or `closed`; one that sleeps is closed and has a `snooze_datetime`.'),
      text('priority', '`critical`, `high`, `normal` or `low`.'),
      text('channel', 'Where it began.'),
      text('via', 'How it came.'),
      flag('from_agent', 'Whether an agent began it.'),
      { ...text('customer_id', 'Whose it is.', 'customer.id'), refersTo: 'customers' },
      text('assignee_user_id', 'The agent who has it.', 'assignee_user.id'),
      text('assignee_team_id', 'The team that has it.', 'assignee_team.id'),
      text('subject', 'Its subject.'),
      text('language', 'ISO 639-1.'),
      json('tags', 'A list of `{id, name}`.'),
      json('custom_fields', 'Values by the field’s id.'),
      integer('messages_count', 'How many messages it has.'),
      flag('spam', 'Whether it is spam.'),
      created,
      time('opened_datetime', 'When it was opened.'),
      time('last_received_message_datetime', 'When the customer last wrote.'),
      time('last_message_datetime', 'When anybody last wrote.'),
      updated,
      time('closed_datetime', 'When it was closed.'),
      time('snooze_datetime', 'Until when it sleeps.'),
      time('trashed_datetime', 'When it was put into the trash.'),
    ],
  },
  {
    name: 'ticket_messages',
    holdsWords: true,
    description: 'What was written, with its content: here and nowhere else in tajo.',
    // Whether it was sent is known later, and moves no date.
    reading: { mode: 'newest_first', settlesAfter: 2 * DAY },
    columns: [
      id,
      text('ticket_id', 'Its ticket.'),
      flag('public', 'Whether the customer sees it.'),
      text('channel', 'On which channel.'),
      text('via', 'How it came.'),
      flag('from_agent', 'Whether an agent wrote it.'),
      text('sender_id', 'Who wrote it.', 'sender.id'),
      text('rule_id', 'The rule that sent it.'),
      text('subject', 'Its subject.'),
      text('body_text', 'What it says.'),
      text('body_html', 'The same, as HTML.'),
      text('stripped_text', 'What it says without what it quotes.'),
      json('macros', 'The macros that were used.'),
      created,
      time('sent_datetime', 'When it was sent.'),
      time('failed_datetime', 'When it could not be sent.'),
      time('deleted_datetime', 'When it was deleted.'),
    ],
  },
  {
    name: 'satisfaction_surveys',
    holdsWords: true,
    description: 'Surveys, scored or not.',
    // A score moves no date (§ 6.2): 45 days are read again, as in a sync.
    reading: { mode: 'newest_first', settlesAfter: 45 * DAY },
    columns: [
      id,
      text('ticket_id', 'Its ticket.'),
      text('customer_id', 'Who was asked.'),
      integer('score', '1 to 5; null while nobody answered.'),
      text('body_text', 'What was said with it.'),
      created,
      time('should_send_datetime', 'When it is to be sent; null: never.'),
      time('sent_datetime', 'When it was sent.'),
      time('scored_datetime', 'When it was answered.'),
    ],
  },
  {
    name: 'users',
    description: 'Agents and bots.',
    reading: { mode: 'whole' },
    columns: [
      id,
      text('email', 'Address.'),
      text('name', 'Full name.'),
      text('firstname', 'First name.'),
      text('lastname', 'Last name.'),
      text('role', '`admin`, `agent`, …', 'role.name'),
      text('timezone', 'IANA.'),
      flag('active', 'Whether they can log in.'),
      created,
      updated,
      time('deactivated_datetime', 'Until when they could.'),
    ],
  },
  {
    name: 'tags',
    description: 'Tags of tickets.',
    reading: { mode: 'whole' },
    columns: [
      id,
      text('name', 'Its name.'),
      text('description', 'What it is for.'),
      created,
      time('deleted_datetime', 'When it was deleted.'),
    ],
  },
  {
    name: 'events',
    description: 'What happened, by whom; deletions and merges are known by them.',
    reading: { mode: 'since', overlap: fromMs(10 * 60_000) },
    columns: [
      id,
      text('type', 'Such as `ticket-closed`.'),
      text('object_type', 'Such as `Ticket`.'),
      text('object_id', 'Of what.'),
      text('user_id', 'By whom.'),
      json('data', 'What else is told.'),
      created,
    ],
    toRemoval,
  },
]

/** Lists are silent about both (§ 6.4); a merge of customers names the survivor, and hands over the tickets without dating them (§ 6.5). */
export function toRemoval({
  type,
  object_id: object,
  data,
  created_datetime: created,
}: Json): Removal | null {
  const at = parseInstant(created) ?? 0
  const removed = (table: string, gone: unknown, into: unknown = null): Removal | null =>
    toText(gone) === null ? null : { table, id: toText(gone)!, into: toText(into), at }
  switch (type) {
    case 'ticket-deleted':
    case 'ticket-merged':
      return removed('tickets', object)
    case 'customer-deleted':
      return removed('customers', object)
    case 'customer-merged':
      return removed('customers', (data as Json | null)?.['source_customer_id'], object)
    default:
      return null
  }
}
