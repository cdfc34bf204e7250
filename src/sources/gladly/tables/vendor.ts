// Gladly as tables (gladly-intercom-api.md § A.3–A.6). Conversations and contacts are the rows of its reports, which name their columns in
// words.
import { fromMs } from '../../../model/time.ts'
import { column, type Json, type Removal, type TableDefinition } from '../../tables.ts'
import { readMerge } from '../events.ts'
import { toId, toInstant, toObject } from '../items.ts'

const { id, text, time, flag, json } = column
const HOUR = fromMs(3_600_000)
/** Rows of a report are told anew for so long after they were first (§ A.6). */
const REPORT_OVERLAP = 2 * HOUR
/** What is asked for by its own address is as it is now; events are up to 15 s behind, and nothing promises their order (§ A.5). */
const EVENT_OVERLAP = fromMs(2 * 60_000)

const ofCustomer = (path: string) => ({
  ...text('customer_id', 'Whose it is.', path),
  refersTo: 'customers',
  goesWith: true,
})

const ofConversation = (path: string) => ({
  ...text('conversation_id', 'Its conversation.', path),
  refersTo: 'conversations',
})

export const TABLES = {
  customers: {
    name: 'customers',
    description:
      'Whoever wrote, and whoever was made or changed within a day of a reading. Each costs a request: Gladly has no list of them.',
    reading: { mode: 'since', overlap: EVENT_OVERLAP },
    version: 'updated_at',
    columns: [
      id,
      text('name', 'Full name.'),
      text('email', 'The first of their addresses.', 'emails.0.normalized'),
      json('emails', 'All of them.'),
      json('phones', 'Numbers, each with its type.'),
      text('external_customer_id', 'Their id in the shop, of old lookup adaptors.', 'externalCustomerId'),
      json('external_customer_ids', 'Their ids by lookup adaptor.', 'externalCustomerIds'),
      json('custom_attributes', 'Values by the attribute’s name.', 'customAttributes'),
      time('created_at', 'When they were made.', 'createdAt'),
      time('updated_at', 'When they last changed.', 'updatedAt'),
    ],
  },
  conversations: {
    name: 'conversations',
    description: 'Rows of the Conversation Export, an hour behind. Its other columns are in `_extra`.',
    reading: { mode: 'since', overlap: REPORT_OVERLAP },
    columns: [
      { ...text('id', 'Its id.', 'Conversation ID') },
      ofCustomer('Customer ID'),
      text('status', '`OPEN`, `CLOSED` or `MERGED`.', 'Status'),
      text('first_channel', 'Where it began.', 'First Channel'),
      text('topics', 'Its topics, as one text.', 'Topics'),
      text('current_agent', 'The agent who has it.', 'Current Assigned Agent'),
      text('current_inbox', 'The inbox that it is in.', 'Current Assigned Inbox'),
      time('created_at', 'When it began.', 'Created At'),
      time('first_closed_at', 'When it was first closed.', 'First Closed At'),
      time('last_closed_at', 'When it was last closed.', 'Last Closed At'),
    ],
  },
  contacts: {
    name: 'contacts',
    description:
      'Rows of the Contact Export, an hour behind: a call, a chat, an exchange of e-mails. Its other columns are in `_extra`.',
    reading: { mode: 'since', overlap: REPORT_OVERLAP },
    columns: [
      { ...text('id', 'Its id.', 'Contact ID') },
      ofConversation('Conversation ID'),
      ofCustomer('Customer ID'),
      text('channel', 'On which channel.', 'Channel'),
      text('direction', '`INBOUND` or `OUTBOUND`.', 'Direction'),
      text('status', 'How it ended: `ANSWERED`, `UNANSWERED`, `ABANDONED`, `UNKNOWN`.', 'Status'),
      text('fulfilled_type', '`RESPONDED` or `CANCELED`.', 'Fulfilled Type'),
      text('inbox_when_queued', 'Where it came in.', 'Inbox When Queued'),
      text('inbox_when_ended', 'Where it ended.', 'Inbox When Ended'),
      text('agent_when_ended', 'Who had it then.', 'Agent When Ended'),
      time('queued_at', 'When it came in, or was begun.', 'Queued At'),
      time('accepted_at', 'When somebody took it.', 'Accepted At'),
      time('fulfilled_at', 'When the customer was answered, or it was canceled.', 'Fulfilled At'),
      time('answered_at', 'When an outbound call was answered.', 'Answered At (Outbound)'),
      time('due_at', 'Until when it should be answered.', 'Due At'),
      time('ended_at', 'When it ended.', 'Ended At'),
    ],
  },
  conversation_items: {
    name: 'conversation_items',
    holdsWords: true,
    description:
      'What was said and done, with its content: here and nowhere else in tajo. The 1,000 oldest of a conversation, which costs a request; and, of export files that are there, what belongs to no conversation, such as answers to surveys.',
    reading: { mode: 'since', overlap: EVENT_OVERLAP },
    columns: [
      id,
      { ...ofConversation('conversationId'), goesWith: true },
      ofCustomer('customerId'),
      text('contact_id', 'Its contact.', 'sessionId'),
      text('type', 'Such as `EMAIL`, `CHAT_MESSAGE`, `CONVERSATION_NOTE`.', 'content.type'),
      text('initiator_type', '`CUSTOMER`, `AGENT`, `SYSTEM`, …', 'initiator.type'),
      text('initiator_id', 'Who.', 'initiator.id'),
      json('content', 'What it says, by its type.'),
      time('timestamp', 'When.'),
    ],
  },
  agents: {
    name: 'agents',
    description: 'Who of the shop may use Gladly.',
    reading: { mode: 'whole' },
    columns: [id, text('name', 'Full name.'), text('email', 'Address.', 'emailAddress')],
  },
  inboxes: {
    name: 'inboxes',
    description: 'Inboxes.',
    reading: { mode: 'whole' },
    columns: [id, text('name', 'Its name.'), flag('disabled', 'Whether it is out of use.')],
  },
  topics: {
    name: 'topics',
    description: 'Topics of conversations.',
    reading: { mode: 'whole' },
    columns: [
      id,
      text('name', 'Its name.'),
      text('parent_id', 'The topic above it.', 'parentId'),
      flag('disabled', 'Whether it is out of use.'),
    ],
  },
  events: {
    name: 'events',
    description:
      'What happened, by ids: Gladly tells of the last 24 hours, so what is older than that when it is first read is missing. Deletions and merges are known by it.',
    reading: { mode: 'since', overlap: EVENT_OVERLAP },
    columns: [
      id,
      text('type', 'Such as `CONTACT/ENDED`.'),
      text('initiator_type', 'By whom.', 'initiator.type'),
      text('initiator_id', 'Their id.', 'initiator.id'),
      text('customer_id', 'Of whom.', 'content.customerId'),
      text('conversation_id', 'Of which conversation.', 'content.conversationId'),
      text('contact_id', 'Of which contact.', 'content.contactId'),
      text('agent_id', 'Of which agent.', 'content.agentId'),
      json('content', 'What else is told.'),
      time('timestamp', 'When it was recorded.'),
    ],
    toRemoval,
  },
} satisfies Record<string, TableDefinition>

export const gladlyTables: readonly TableDefinition[] = Object.values(TABLES)

function toRemoval({ type, content, timestamp }: Json): Removal | null {
  const [told, at] = [toObject(content) ?? {}, toInstant(timestamp) ?? 0]
  if (type === 'CUSTOMER/MERGED') {
    const [gone, into] = readMerge(told)
    return gone === null || into === null ? null : { table: 'customers', id: gone, into, at }
  }
  const gone = type === 'CUSTOMER_PROFILE/DELETED' ? toId(told['customerId']) : null
  return gone === null ? null : { table: 'customers', id: gone, into: null, at }
}
