// The columns of the layout for planners, the same for every helpdesk.
import { type Column, column } from './tables.ts'

const { text, time, flag, json } = column
const seconds = (name: string, description: string): Column => ({ name, type: 'number', description })

export const PEOPLE: readonly Column[] = [
  text('imported_id', 'Their id in the helpdesk.'),
  text('first_name', 'First name.'),
  text('last_name', 'The rest of it.'),
  text('email', 'Address.'),
  text('timezone', 'IANA.'),
  time('start_date', 'When they were made.'),
  time('end_date', 'When they were deactivated; null: they were not.'),
  flag('staffable', 'Whether they answer customers.'),
  json('channels', 'Channels that they work on, where the helpdesk tells.'),
  json('teams', 'Ids of their teams, where the helpdesk tells.'),
]

/** What messages tell, where nothing else does. */
export const BY_MESSAGES = [
  'status',
  'first_responded_at',
  'first_response_seconds',
  'first_response_business_seconds',
]

export const CONVERSATIONS: readonly Column[] = [
  text('import_id', 'Its id in the helpdesk.'),
  time('created_at', 'When it came in, or was begun.'),
  time('updated_at', 'When it last changed, where the helpdesk tells.'),
  text('channel', '`email`, `chat`, `phone`, `sms`, `social`, …'),
  text('channel_source', 'The helpdesk’s own word for it.'),
  text('direction', '`inbound` or `outbound`.'),
  text(
    'status',
    '`open`: it waits for us. `waiting`: a person of ours spoke last. `snoozed`, `solved`, `merged`.',
  ),
  text('status_source', 'The helpdesk’s own word for it.'),
  time('first_responded_at', 'When a person first answered the customer.'),
  seconds('first_response_seconds', 'From `created_at` to then, by the clock.'),
  seconds('first_response_business_seconds', 'The same within `business_hours`; null without them.'),
  time('solved_at', 'When it was solved; null while it is not.'),
  seconds('resolution_seconds', 'From `created_at` to then, by the clock.'),
  seconds('resolution_business_seconds', 'The same within `business_hours`; null without them.'),
  text('assignee_import_id', 'Who has it: a person’s `imported_id`.'),
  text('queue_import_id', 'The queue that it is in.'),
  text('queue_when_queued', 'The name of the queue that it came in by, where the helpdesk tells.'),
  text('queue_when_ended', 'The name of the queue that it ended in, where the helpdesk tells.'),
  json('tags', 'Its tags, and its own fields as `name: value`.'),
  text('ignored_reason', 'Why it is none that people had to work on; null: it is one.'),
]

export const AGENT_STATES: readonly Column[] = [
  text('id', 'Its id.'),
  text('person', 'Whose it is: a person’s `imported_id`.'),
  text('state', '`online`, `away`, `offline`; with Intercom also `idle` and `occupied`.'),
  text('reason', 'Why, where it was told.'),
  time('from', 'Since when.'),
  { ...time('to', 'Until when; null: it goes on.'), derived: true },
]

export const QUEUES: readonly Column[] = [
  text('import_id', 'Its id in the helpdesk.'),
  text('name', 'Its name.'),
  flag('disabled', 'Whether it is out of use.'),
]

export const MESSAGES: readonly Column[] = [
  text('id', 'Its id.'),
  { ...text('conversation', 'Its conversation’s `import_id`.'), refersTo: 'conversations', goesWith: true },
  text('author', '`customer`, `agent`, or `other`: a note, a rule.'),
  time('created_at', 'When.'),
]

export const REMOVED: readonly Column[] = [text('import_id', 'Which.'), time('deleted_at', 'When.')]
