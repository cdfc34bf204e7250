// The Gladly source: what it can tell, and how it is asked. It has no lists: tickets come from reports and events, customers one by one.
import type { Priority } from '../../lib/net/limiter.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import { openAccount } from '../client.ts'
import type { Credentials, Source, SourceDefinition, SourcePorts } from '../source.ts'
import { createGladlyClient, OTHER_LIMITS } from './client.ts'
import { createMaps } from './maps.ts'
import { Names } from './names.ts'
import {
  findMistakes,
  gladlyOptions,
  type GladlyOptions,
  hasSurveys,
  mend,
  toAccount,
  toBaseUrl,
  paceOf,
} from './options.ts'
import { emptyPage, Reader, REPORT_LAG } from './reader.ts'
import { estimateGladlyTable } from './tables/estimate.ts'
import { readGladlyTable } from './tables/read.ts'
import { createScoreReader } from './scores.ts'
import { EVENTS_REACH } from './slices.ts'
import { gladlyTables } from './tables/vendor.ts'
import { gladlyWorkforce } from './tables/workforce.ts'
import { readTickets } from './tickets.ts'
import { createGladlyWebhooks, gladlyReceiver } from './webhooks.ts'

const HOUR = fromMs(3_600_000)
/** Events are up to 15 s behind, and nothing promises their order (gladly-intercom-api.md § A.5). */
const EVENTS_OVERLAP = fromMs(2 * 60_000)
/** Others allow for two hours; rows of a time are told anew that long (§ A.5, A.6). */
const REPORT_OVERLAP = 2 * HOUR
/** A window is held in memory as a whole; one that is too full is read by halves. Two years are 12 of them, two reports each. */
const WINDOW = 61 * 24 * HOUR
/** Jobs and their files are kept that long (§ A.5). */
const EXPORTS_KEPT = 14 * 24 * HOUR

const LATE_SURVEYS =
  'Answers to surveys come from export files, so they are hours or a day late, and so is what follows from them.'

export const gladly: SourceDefinition<GladlyOptions> = {
  name: 'gladly',
  label: 'Gladly',
  aliases: { conversation_count: 'nb_tickets' },
  idAttribute: 'GLADLY_ID',
  options: gladlyOptions,
  defaults: { schedule: '* * * * *', surveySchedule: '23 * * * *', surveyWindow: '14d', backfill: '2y' },
  secrets: {
    username: {
      variable: 'USERNAME',
      flag: '--username',
      label: 'the e-mail address of the Gladly user who made the API token',
      sensitive: false,
    },
    api_key: {
      variable: 'API_KEY',
      flag: '--api-key',
      label: 'the API token (Settings → Users → API tokens; the user needs the permission “API User”)',
      sensitive: true,
    },
  },
  supports: {
    streams: {
      events: { mode: 'since', overlap: EVENTS_OVERLAP, reach: EVENTS_REACH },
      customers: { mode: 'singly' },
      tickets: { mode: 'windows', length: WINDOW, overlap: REPORT_OVERLAP, lag: REPORT_LAG, every: HOUR },
      messages: { mode: 'within', stream: 'tickets' },
      satisfaction_surveys: { mode: 'since', overlap: HOUR, reach: EXPORTS_KEPT, late: LATE_SURVEYS },
      agent_states: { mode: 'within', stream: 'events' },
    },
    directories: ['agents', 'tags'],
    occurrences: {
      'ticket.created': 'told',
      'ticket.closed': 'opened',
      'ticket.reopened': 'opened',
      'ticket.tagged': 'opened',
      'ticket.untagged': 'opened',
      'ticket.message.received': 'opened',
      'ticket.message.sent': 'opened',
      'satisfaction_survey.responded': 'told',
      'customer.created': 'told',
      'customer.updated': 'derived',
      'customer.merged': 'told',
      'customer.deleted': 'told',
    },
    phones: 'listed',
    webhooks: 'managed',
    sessions: true,
  },
  // Reports are an hour behind, and few may be asked for in a minute.
  tables: { definitions: gladlyTables, workforce: gladlyWorkforce, since: '2y', schedule: '41 * * * *' },
  receiver: gladlyReceiver,
  address: { option: 'domain', label: 'the domain', example: 'yourshop.gladly.com', base: 'base_url' },
  account: toAccount,
  pace: paceOf,
  lacks: (options) =>
    hasSurveys(options)
      ? null
      : {
          streams: ['satisfaction_surveys'],
          occurrences: ['satisfaction_survey.responded'],
          reason:
            'Gladly has no surveys of its own, and `surveys` of this connector does not say `source: export`.',
        },
  findMistakes,
  mend,
  create: createGladly,
}

function createGladly(
  connector: string,
  options: GladlyOptions,
  credentials: Credentials,
  ports: SourcePorts,
): Source {
  const account = openAccount(
    toBaseUrl(options),
    paceOf(options),
    options.log_api_calls ?? false,
    ports,
    OTHER_LIMITS,
  )
  const keys = { username: credentials['username']!, apiKey: credentials['api_key']! }
  const names = new Names()
  const reading = {
    maps: createMaps(options),
    readScore: options.surveys?.score === undefined ? () => null : createScoreReader(options.surveys.score),
    now: account.now,
  }
  const toReader = (priority: Priority): Reader =>
    new Reader(createGladlyClient(keys, account, priority, ports), names, reading)
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
    webhooks: createGladlyWebhooks(client),

    async *read(stream, request, signal) {
      if (stream === 'events') yield* reader.readEvents(request, signal)
      if (stream === 'tickets') yield* readTickets(reader, request, signal)
      if (stream === 'satisfaction_surveys') yield* reader.readSurveys(request, signal)
    },

    async *readDirectory(directory, signal) {
      if (directory === 'agents') yield await reader.readAgents(signal)
      if (directory === 'tags') yield await reader.readTopics(signal)
    },

    readTable: (table, request, signal) => readGladlyTable(reader, table, request, signal),

    estimateTable: (table, request, signal) => estimateGladlyTable(reader, table, request, signal),

    refetch: (kind, id, signal) => reader.refetch(kind, id, signal),

    async readOf(stream, id, signal) {
      if (stream === 'customers') return await reader.readCustomersOf(id, signal)
      if (stream === 'tickets') return await reader.readTicketsOf(id, signal)
      const page = emptyPage()
      if (stream === 'satisfaction_surveys') return page
      const found = await reader.refetch('ticket', id, signal)
      if (found.found === 'record') page.records = found.records.filter((one) => one.kind === 'message')
      return page
    },

    readPhone: () => Promise.resolve(null),

    checks: () => [
      {
        label: 'API authentication successful',
        run: async (signal) => void (await client.ask({ path: '/organization', retries: 1 }, signal)),
      },
      { label: 'Agents listed', run: async (signal) => void (await reader.readAgents(signal)) },
      {
        label: 'Events readable',
        run: async (signal) => {
          const request = { token: null, from: now() - EVENTS_OVERLAP, until: null }
          for await (const page of reader.readEvents(request, signal)) void page
        },
      },
    ],
  }
}
