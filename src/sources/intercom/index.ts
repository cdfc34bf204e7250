// The Intercom source: what it can tell, and how it is asked.
import type { Priority } from '../../lib/net/limiter.ts'
import { isSigned } from '../../lib/net/signature.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import { readIntercomTable } from './tables/read.ts'
import { intercomTables } from './tables/vendor.ts'
import { intercomWorkforce } from './tables/workforce.ts'
import { openAccount } from '../client.ts'
import type {
  Credentials,
  RefreshRequest,
  Source,
  SourceDefinition,
  SourcePorts,
  WebhookReceiver,
} from '../source.ts'
import { createIntercomClient, type Json, toId, toObject, toText } from './client.ts'
import { Names } from './names.ts'
import { intercomOAuth } from './oauth.ts'
import {
  findMistakes,
  intercomOptions,
  type IntercomOptions,
  mend,
  toAccount,
  toBaseUrl,
  paceOf,
} from './options.ts'
import { CONTACTS, CONVERSATIONS, emptyPage, Reader, toSearch } from './reader.ts'

/** How long a search of conversations is behind is not documented; of contacts it is "a few minutes" (gladly-intercom-api.md § B.4, B.8). */
const SEARCH_DELAY = fromMs(15 * 60_000)
/** Whether a tag moves the date of its conversation is not documented: what was worked on lately is read again (§ B.8). */
const TAG_DELAY = fromMs(2 * 24 * 3_600_000)
/** What the app is to be told of (§ B.6). */
const TOPICS = [
  'conversation.user.created',
  'conversation.user.replied',
  'conversation.admin.replied',
  'conversation.admin.assigned',
  'conversation.admin.closed',
  'conversation.admin.opened',
  'conversation.admin.snoozed',
  'conversation.admin.unsnoozed',
  'conversation.operator.replied',
  'conversation.rating.added',
  'conversation.deleted',
  'conversation_part.tag.created',
  'contact.user.created',
  'contact.user.updated',
  'contact.lead.created',
  'contact.lead.updated',
  'contact.merged',
  'contact.archived',
  'contact.deleted',
  'admin.away_mode_updated',
  'admin.logged_in',
  'admin.logged_out',
]

/** A payload names its object whole, in part, or by id alone: only the id is used. */
function hearItem(item: Json | null): RefreshRequest[] {
  const id = toId(item?.['id'])
  if (id !== null && item?.['type'] === 'admin') return [{ kind: 'agent', id }]
  const conversation = toId(toObject(item?.['conversation'])?.['id']) ?? toId(item?.['conversation_id'])
  if (conversation !== null) return [{ kind: 'ticket', id: conversation }]
  if (id === null) return []
  if (item?.['type'] === 'conversation') return [{ kind: 'ticket', id }]
  if (!['contact', 'user', 'lead'].includes(String(item?.['type']))) return []
  const merged = toId(toObject(item?.['merged_from'])?.['id']) ?? toId(item?.['merged_from'])
  return [id, merged].flatMap((one) => (one === null ? [] : [{ kind: 'customer', id: one }]))
}

/** Signed with the app's client secret. */
const receiver: WebhookReceiver = {
  answersHead: true,
  accepts: 200,
  isAuthentic: (delivery, secrets) =>
    isSigned({ header: 'X-Hub-Signature', algorithm: 'sha1', encoding: 'hex' }, delivery, secrets),
  byHand: {
    secret: 'theirs',
    steps: (url) => [
      'Open Developer Hub → your app → Configure → Webhooks in Intercom.',
      `Its endpoint: ${url}`,
      `Choose these topics, and save: ${TOPICS.join(', ')}.`,
      'Copy the client secret of the app (Configure → Basic information).',
    ],
    ask: 'Send a test request there: Developer Hub → your app → Configure → Webhooks.',
  },
  hear({ topic, data, app_id: app }, { workspace }) {
    if (topic === 'ping') return 'ping'
    // One address hears of every workspace that has the app.
    if (workspace !== undefined && app !== workspace) return []
    return hearItem(toObject(toObject(data)?.['item']))
  },
}

export const intercom: SourceDefinition<IntercomOptions> = {
  name: 'intercom',
  label: 'Intercom',
  aliases: { conversation_count: 'nb_tickets' },
  idAttribute: 'INTERCOM_ID',
  options: intercomOptions,
  defaults: { schedule: '*/5 * * * *', surveySchedule: '13 * * * *', surveyWindow: '45d', backfill: '5y' },
  secrets: {
    access_token: {
      variable: 'ACCESS_TOKEN',
      flag: '--access-token',
      label: 'the access token (Developer Hub → your app → Configure → Authentication)',
      sensitive: true,
    },
  },
  oauth: intercomOAuth,
  supports: {
    streams: {
      // The newest first: a filter by whole days would read two days again with every poll.
      customers: { mode: 'newest_first' },
      tickets: { mode: 'since', overlap: SEARCH_DELAY, settlesAfter: TAG_DELAY },
      messages: { mode: 'within', stream: 'tickets' },
      satisfaction_surveys: { mode: 'within', stream: 'tickets' },
      agent_states: { mode: 'newest_first' },
    },
    directories: ['agents', 'custom_fields', 'tags', 'deleted_tickets'],
    occurrences: {
      'ticket.created': 'told',
      'ticket.updated': 'derived',
      'ticket.closed': 'opened',
      'ticket.reopened': 'opened',
      'ticket.snoozed': 'opened',
      'ticket.unsnoozed': 'opened',
      'ticket.assigned': 'opened',
      'ticket.handed_over': 'opened',
      'ticket.message.received': 'opened',
      'ticket.message.sent': 'opened',
      'ticket.tagged': 'derived',
      'ticket.untagged': 'derived',
      'satisfaction_survey.created': 'told',
      'satisfaction_survey.sent': 'told',
      'satisfaction_survey.responded': 'told',
      'customer.created': 'told',
      'customer.updated': 'derived',
      'customer.merged': 'told',
      'customer.deleted': 'told',
    },
    phones: 'listed',
    webhooks: 'by_hand',
  },
  tables: { definitions: intercomTables, workforce: intercomWorkforce, since: '5y', schedule: '*/5 * * * *' },
  receiver,
  address: { option: 'region', label: 'the region: us, eu or au', example: 'eu', base: 'api_url' },
  account: toAccount,
  pace: paceOf,
  findMistakes,
  mend,
  create: createIntercom,
}

function createIntercom(
  connector: string,
  options: IntercomOptions,
  credentials: Credentials,
  ports: SourcePorts,
): Source {
  // What connectors.yml says is never exceeded; otherwise the answers' headers know best (§ B.2).
  const pace = { ...paceOf(options), isTold: options.rate_limit === undefined }
  const account = openAccount(toBaseUrl(options), pace, options.log_api_calls ?? false, ports)
  const names = new Names()
  const toReader = (priority: Priority): Reader =>
    new Reader(
      createIntercomClient(credentials['access_token']!, account, priority, ports),
      names,
      options.ignore_without_first_reply ?? true,
    )
  const background: Source = toSource(connector, toReader('background'), account.now, () => background)
  return toSource(connector, toReader('live'), account.now, () => background)
}

function toSource(name: string, reader: Reader, now: () => Instant, inBackground: () => Source): Source {
  const { client } = reader
  return {
    name,
    budget: () => client.budget(),
    now,
    inBackground,
    webhooks: null,

    async *read(stream, { token, from }, signal) {
      if (stream === 'agent_states') return yield* reader.readActivities({ token, from }, signal)
      const [list, query] = toSearch(stream, from)
      // A list by whole days can't be searched in slices.
      yield* reader.search(list, query, { token, signal, sliced: list === CONVERSATIONS })
    },

    async *readDirectory(directory, signal) {
      if (directory === 'agents') {
        await reader.refreshTeams(signal)
        yield await reader.readAdmins(signal)
      }
      if (directory === 'custom_fields') yield await reader.readAttributes(signal)
      if (directory === 'tags') yield await reader.readTags(signal)
      if (directory === 'deleted_tickets') yield* reader.readDeleted(signal)
    },

    readTable: (table, request, signal) => readIntercomTable(client, table, request, signal),

    refetch: (kind, id, signal) => reader.refetch(kind, id, signal),

    async readOf(stream, id, signal) {
      const whole = emptyPage()
      if (stream === 'satisfaction_surveys') return whole
      if (stream === 'messages') {
        const found = await reader.refetch('ticket', id, signal)
        if (found.found === 'record') whole.records = found.records.filter((one) => one.kind === 'message')
        return whole
      }
      const [list, filter] =
        stream === 'customers'
          ? [CONTACTS, { field: 'email', operator: '=', value: id }]
          : [CONVERSATIONS, { field: 'contact_ids', operator: '=', value: id }]
      for await (const page of reader.search(list, filter, { token: null, signal, ofOne: true })) {
        whole.records.push(...page.records)
        whole.invalid.push(...page.invalid)
      }
      return whole
    },

    readPhone: () => Promise.resolve(null),

    async identify(signal) {
      const { json } = await client.ask({ path: '/me', retries: 1 }, signal)
      const id = toText(toObject(json['app'])?.['id_code'])
      return id === null ? null : { workspace: id }
    },

    checks: () => [
      {
        label: 'API authentication successful',
        run: async (signal) => void (await client.ask({ path: '/me', retries: 1 }, signal)),
      },
      { label: 'Contacts listed', run: (signal) => reader.try(CONTACTS, now(), signal) },
      { label: 'Conversations listed', run: (signal) => reader.try(CONVERSATIONS, now(), signal) },
    ],
  }
}
