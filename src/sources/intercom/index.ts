// The Intercom source: what it can tell, and how it is asked.
import type { Priority } from '../../lib/net/limiter.ts'
import { isSigned } from '../../lib/net/signature.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import { openAccount } from '../client.ts'
import type { Credentials, Source, SourceDefinition, SourcePorts, WebhookReceiver } from '../source.ts'
import { createIntercomClient, toId, toObject } from './client.ts'
import {
  findMistakes,
  intercomOptions,
  type IntercomOptions,
  mend,
  toAccount,
  toBaseUrl,
  toPace,
} from './options.ts'
import { CONTACTS, CONVERSATIONS, emptyPage, Reader, toSearch } from './reader.ts'

/** How long a search of conversations is behind is not documented; of contacts it is "a few minutes" (gladly-intercom-api.md § B.4, B.8). */
const SEARCH_DELAY = fromMs(15 * 60_000)
/** Whether a rating moves the date of its conversation is not documented: what is younger is read again (§ B.8). */
const RATING_DELAY = fromMs(45 * 24 * 3_600_000)
/** Signed with the app's client secret. */
const receiver: WebhookReceiver = {
  answersHead: true,
  isAuthentic: (delivery, secrets) =>
    isSigned({ header: 'X-Hub-Signature', algorithm: 'sha1', encoding: 'hex' }, delivery, secrets),
  byHand: {
    secret: 'theirs',
    steps: (url) => [
      'Open Developer Hub → your app → Configure → Webhooks in Intercom.',
      `Its endpoint: ${url}`,
      'Choose the topics conversation.* and contact.*, and save.',
      'Copy the client secret of the app (Configure → Basic information).',
    ],
  },
  hear({ topic, data }) {
    if (topic === 'ping') return 'ping'
    const item = toObject(toObject(data)?.['item'])
    const id = toId(item?.['id'])
    if (id === null) return []
    if (item?.['type'] === 'contact') return [{ kind: 'customer', id }]
    return item?.['type'] === 'conversation' ? [{ kind: 'ticket', id }] : []
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
  supports: {
    streams: {
      // The newest first: a filter by whole days would read two days again with every poll.
      customers: { mode: 'newest_first' },
      tickets: { mode: 'since', overlap: SEARCH_DELAY, settlesAfter: RATING_DELAY },
      messages: { mode: 'within', stream: 'tickets' },
      satisfaction_surveys: { mode: 'within', stream: 'tickets' },
    },
    directories: ['agents', 'custom_fields'],
    occurrences: {
      'ticket.created': 'told',
      'ticket.updated': 'derived',
      'ticket.closed': 'derived',
      'ticket.reopened': 'derived',
      'ticket.assigned': 'derived',
      'ticket.tagged': 'derived',
      'ticket.untagged': 'derived',
      'ticket.snoozed': 'derived',
      'satisfaction_survey.created': 'told',
      'satisfaction_survey.responded': 'told',
      'customer.created': 'told',
      'customer.updated': 'derived',
      'customer.merged': 'told',
      'customer.deleted': 'told',
    },
    phones: 'listed',
    webhooks: 'by_hand',
  },
  receiver,
  address: { option: 'region', label: 'the region: us, eu or au', example: 'eu', base: 'api_url' },
  account: toAccount,
  pace: toPace,
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
  const account = openAccount(toBaseUrl(options), toPace(options), options.log_api_calls ?? false, ports)
  const admins = new Map<string, string | null>()
  const toReader = (priority: Priority): Reader =>
    new Reader(createIntercomClient(credentials['access_token']!, account, priority, ports), admins)
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
      const [list, filters] = toSearch(stream, from)
      yield* reader.search(list, filters, { token, signal })
    },

    async *readDirectory(directory, signal) {
      if (directory === 'agents') yield await reader.readAdmins(signal)
      if (directory === 'custom_fields') yield await reader.readAttributes(signal)
    },

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
      for await (const page of reader.search(list, [filter], { token: null, signal, ofOne: true })) {
        whole.records.push(...page.records)
        whole.invalid.push(...page.invalid)
      }
      return whole
    },

    readPhone: () => Promise.resolve(null),

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
