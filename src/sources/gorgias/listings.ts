// Gorgias's lists: their addresses, in which order they are asked for, and what stands in them (gorgias-api.md § 3).
import type { Directory, SourceRecord, Stream } from '../../model/records.ts'
import type { Params } from '../client.ts'
import {
  toAgent,
  toCustomer,
  toCustomField,
  toMailbox,
  toMessage,
  toSourceEvent,
  toSurvey,
  toTag,
  toTicket,
} from './to-records.ts'

type Json = Record<string, unknown>

export interface Listing {
  path: string
  params: Params
  /** The field that the list is sorted by, and that the walk's stop rule looks at. */
  sortKey: string
  toRecord(item: Json): SourceRecord | null
}

const PAGE_SIZE = 100

// Only these order_by values are taken; another is answered 400 (gorgias-api.md § 3).
const BY_UPDATE = { limit: PAGE_SIZE, order_by: 'updated_datetime:desc' }
export const BY_CREATION = { limit: PAGE_SIZE, order_by: 'created_datetime:desc' }

export const STREAM_LISTINGS: Record<GorgiasStream, Listing> = {
  events: {
    path: '/events',
    params: { limit: PAGE_SIZE, order_by: 'created_datetime:asc' },
    sortKey: 'created_datetime',
    toRecord: toSourceEvent,
  },
  customers: { path: '/customers', params: BY_UPDATE, sortKey: 'updated_datetime', toRecord: toCustomer },
  tickets: { path: '/tickets', params: BY_UPDATE, sortKey: 'updated_datetime', toRecord: toTicket },
  messages: { path: '/messages', params: BY_CREATION, sortKey: 'created_datetime', toRecord: toMessage },
  satisfaction_surveys: {
    path: '/satisfaction-surveys',
    params: BY_CREATION,
    sortKey: 'created_datetime',
    toRecord: toSurvey,
  },
}

export type GorgiasStream = Exclude<Stream, 'agent_states'>
export type GorgiasDirectory = Exclude<Directory, 'deleted_tickets'>

export const DIRECTORY_LISTINGS: Record<GorgiasDirectory, Listing> = {
  agents: {
    path: '/users',
    params: { limit: PAGE_SIZE, order_by: 'created_datetime:desc' },
    sortKey: 'created_datetime',
    toRecord: toAgent,
  },
  mailboxes: {
    path: '/integrations',
    params: { limit: PAGE_SIZE, order_by: 'created_datetime:desc' },
    sortKey: 'created_datetime',
    toRecord: toMailbox,
  },
  custom_fields: {
    path: '/custom-fields',
    params: { limit: PAGE_SIZE, object_type: 'Customer' },
    sortKey: 'created_datetime',
    toRecord: toCustomField,
  },
  tags: { path: '/tags', params: BY_CREATION, sortKey: 'created_datetime', toRecord: toTag },
}
