// Intercom as tables (gladly-intercom-api.md § B.3–B.5).
import { fromMs } from '../../../model/time.ts'
import { column, type Json, type Removal, type TableDefinition, toText } from '../../tables.ts'
import { toInstant } from '../items.ts'

const { id, text, time, flag, json } = column
const created = time('created_at', 'When it was made.')
const updated = time('updated_at', 'When it last changed.')
const OVERLAP = fromMs(10 * 60_000)

export const TABLES = {
  contacts: {
    name: 'contacts',
    description:
      'Users and leads. One that was merged into another or deleted is in no list any more: it stays here as it was.',
    reading: { mode: 'since', overlap: OVERLAP },
    version: 'updated_at',
    columns: [
      id,
      text('external_id', 'Their id in the shop.'),
      text('role', '`user` or `lead`.'),
      text('email', 'The address, as the helpdesk has it.'),
      text('phone', 'The number, as the helpdesk has it.'),
      text('name', 'Full name.'),
      text('owner_id', 'The admin who looks after them.'),
      flag('unsubscribed_from_emails', 'Whether they want no e-mails.'),
      flag('has_hard_bounced', 'Whether e-mails can’t be delivered.'),
      json('custom_attributes', 'Values by the attribute’s name.'),
      json('tags', 'The first ten.', 'tags.data'),
      created,
      updated,
      time('signed_up_at', 'When they signed up.'),
      time('last_seen_at', 'When they were last seen.'),
      time('last_replied_at', 'When they last wrote.'),
      time('last_contacted_at', 'When they were last written to.'),
    ],
  },
  conversations: {
    name: 'conversations',
    holdsWords: true,
    description: 'Conversations, with their rating.',
    // A search may not show what has changed in the last minutes.
    reading: { mode: 'since', overlap: OVERLAP },
    version: 'updated_at',
    columns: [
      id,
      text('title', 'Its title.'),
      text('state', '`open`, `closed` or `snoozed`.'),
      flag('open', 'Whether it is open.'),
      flag('read', 'Whether it was read.'),
      text('priority', 'As the helpdesk has it.'),
      text('source_type', 'Where it began.', 'source.type'),
      text(
        'source_delivered_as',
        'Who began it: `customer_initiated`, `admin_initiated`, …',
        'source.delivered_as',
      ),
      text('contact_id', 'Whose it is: the first of its contacts.', 'contacts.contacts.0.id'),
      text('admin_assignee_id', 'The admin who has it; 0: nobody.'),
      text('team_assignee_id', 'The team that has it; 0: none.'),
      json('tags', 'A list of tags.', 'tags.tags'),
      json('custom_attributes', 'Values by the attribute’s name.'),
      json(
        'statistics',
        'Intercom’s own times and counts; its durations leave out what lies outside business hours.',
      ),
      column.integer('rating', '1 to 5; null while nobody answered.', 'conversation_rating.rating'),
      text('rating_remark', 'What was said with it.', 'conversation_rating.remark'),
      time('rating_requested_at', 'When it was asked for.', 'conversation_rating.created_at'),
      time('rating_updated_at', 'When it was answered.', 'conversation_rating.updated_at'),
      created,
      updated,
      time('waiting_since', 'Since when the customer waits.'),
      time('snoozed_until', 'Until when it sleeps.'),
    ],
  },
  conversation_parts: {
    name: 'conversation_parts',
    holdsWords: true,
    description:
      'What was said and done, with its content: here and nowhere else in tajo. The 500 newest of a conversation; its first message is in `conversations`.',
    reading: { mode: 'since', overlap: OVERLAP },
    version: 'updated_at',
    columns: [
      id,
      { ...text('conversation_id', 'Its conversation.'), refersTo: 'conversations', goesWith: true },
      text('part_type', 'Such as `comment`, `note`, `close`.'),
      text('body', 'What it says, as HTML.'),
      text('author_type', '`user`, `lead`, `admin`, `bot` or `team`.', 'author.type'),
      text('author_id', 'Who.', 'author.id'),
      text('state', 'Of the conversation then.'),
      created,
      updated,
    ],
  },
  admins: {
    name: 'admins',
    description: 'Who of the shop may use Intercom.',
    reading: { mode: 'whole' },
    columns: [
      id,
      text('name', 'Full name.'),
      text('email', 'Address.'),
      text('job_title', 'What they do.'),
      flag('away_mode_enabled', 'Whether they are away.'),
      text('away_status_reason_id', 'Why.'),
      flag('has_inbox_seat', 'Whether they answer.'),
      json('team_ids', 'Their teams.'),
    ],
  },
  teams: {
    name: 'teams',
    description: 'Teams.',
    reading: { mode: 'whole' },
    columns: [id, text('name', 'Its name.'), json('admin_ids', 'Who is in it.')],
  },
  tags: {
    name: 'tags',
    description: 'Tags of contacts and conversations.',
    reading: { mode: 'whole' },
    columns: [id, text('name', 'Its name.')],
  },
  admin_activity: {
    name: 'admin_activity',
    description: 'What the people of the shop did: logged in, went away, came back.',
    reading: { mode: 'newest_first' },
    columns: [
      id,
      text('activity_type', 'Such as `admin_away_mode_change`.'),
      text('activity_description', 'In words.'),
      text('admin_id', 'Who.', 'performed_by.id'),
      json('metadata', 'What else is told.'),
      created,
    ],
  },
  deleted_conversations: {
    name: 'deleted_conversations',
    description: 'Conversations that were deleted, which are marked by it.',
    reading: { mode: 'whole' },
    columns: [id, time('deleted_at', 'When.')],
    toRemoval,
  },
} satisfies Record<string, TableDefinition>

export const intercomTables: readonly TableDefinition[] = Object.values(TABLES).map((one) => ({
  ...one,
  isUnix: true,
}))

export function toRemoval({ id: gone, deleted_at: at }: Json): Removal | null {
  const conversation = toText(gone)
  return conversation === null
    ? null
    : { table: 'conversations', id: conversation, into: null, at: toInstant(at) ?? 0 }
}
