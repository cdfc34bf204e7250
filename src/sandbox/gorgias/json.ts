// The world as Gorgias writes it: complete recorded key sets, list and detail forms apart (gorgias-api.md § 4).
import type {
  World,
  WorldCustomer,
  WorldEvent,
  WorldMessage,
  WorldSurvey,
  WorldTicket,
} from '../shop/world.ts'

/** `2026-08-26T18:38:08.300346+00:00`; the fraction is dropped when it is zero. */
export function toGorgiasTime(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, 19)
  const fraction = micros % 1_000_000
  return fraction === 0 ? `${seconds}+00:00` : `${seconds}.${String(fraction).padStart(6, '0')}+00:00`
}

export const time = (micros: number | null): string | null => (micros === null ? null : toGorgiasTime(micros))

function fieldValues(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([id, value]) => [id, { id: Number(id), value }]))
}

export function customerItem(one: WorldCustomer): Record<string, unknown> {
  return {
    id: one.id,
    external_id: one.externalId,
    active: true,
    email: one.email,
    name: one.name,
    firstname: one.firstname,
    lastname: one.lastname,
    language: one.language,
    timezone: one.timezone,
    created_datetime: time(one.created),
    updated_datetime: time(one.updated),
    meta: { name_set_via: 'agent' },
    data: one.data,
    note: one.note,
    custom_fields: fieldValues(one.customFields),
  }
}

export function customerDetail(one: WorldCustomer): Record<string, unknown> {
  const channel = (type: string, address: string) => ({
    id: one.id + 1,
    type,
    address,
    preferred: true,
    created_datetime: time(one.created),
    updated_datetime: time(one.created),
    deleted_datetime: null,
    user: { id: one.id, name: one.name },
    customer: { id: one.id, name: one.name },
  })
  const channels = [
    ...(one.email === null ? [] : [channel('email', one.email)]),
    ...(one.phone === null ? [] : [channel('phone', one.phone)]),
  ]
  return {
    ...customerItem(one),
    channels,
    customer: null,
    integrations: {},
    external_data: {},
    ecommerce_data: {},
  }
}

export function ticketItem(world: World, one: WorldTicket): Record<string, unknown> {
  const customer = world.customers.get(one.customerId)
  const user =
    one.assignee === null ? undefined : world.users.find((candidate) => candidate.id === one.assignee)
  return {
    id: one.id,
    uri: `/api/tickets/${one.id}/`,
    external_id: null,
    language: 'en',
    status: one.status,
    priority: 'normal',
    channel: one.channel,
    via: one.channel,
    from_agent: false,
    customer:
      customer === undefined
        ? null
        : {
            id: customer.id,
            email: customer.email,
            name: customer.name,
            firstname: customer.firstname,
            lastname: customer.lastname,
            meta: null,
          },
    assignee_user:
      user === undefined
        ? null
        : {
            id: user.id,
            email: user.email,
            name: user.name,
            firstname: '',
            lastname: '',
            meta: {},
            bio: null,
          },
    assignee_team: null,
    subject: one.subject,
    summary: null,
    excerpt: 'Hello, I have a question about my order and hope that you can help me with it.',
    integrations: [],
    meta: {},
    tags: one.tags.map((name, index) => ({ id: 1_000 + index, name, decoration: {} })),
    messages_count: one.messages,
    is_unread: false,
    spam: one.spam,
    created_datetime: time(one.created),
    opened_datetime: time(one.created),
    last_received_message_datetime: time(one.created),
    last_message_datetime: time(one.updated),
    last_sent_message_not_delivered: false,
    updated_datetime: time(one.updated),
    closed_datetime: time(one.closed),
    snooze_datetime: time(one.snooze),
    trashed_datetime: time(one.trashed),
    custom_fields: {},
  }
}

const LIST_ONLY = [
  'messages_count',
  'excerpt',
  'integrations',
  'last_sent_message_not_delivered',
  'custom_fields',
]

export function ticketDetail(world: World, one: WorldTicket): Record<string, unknown> {
  const item = Object.fromEntries(
    Object.entries(ticketItem(world, one)).filter(([key]) => !LIST_ONLY.includes(key)),
  )
  const survey = [...world.surveys.values()].find((candidate) => candidate.ticketId === one.id)
  return {
    ...item,
    messages: [],
    satisfaction_survey: survey === undefined ? null : surveyItem(survey),
    events: [],
    reply_options: {},
    requester: item['customer'],
    assignee_user_id: one.assignee,
    assignee_team_id: null,
    imported: false,
    processed_datetime: null,
  }
}

const BODY =
  'Hello, my order has not arrived yet, although it was sent more than a week ago. Could you please look into it and tell me when I may expect it? Thank you very much for your help. '

export function messageItem(one: WorldMessage): Record<string, unknown> {
  const sender = {
    id: one.customerId,
    email: 'someone@example.com',
    name: 'Some One',
    firstname: 'Some',
    lastname: 'One',
    meta: null,
  }
  return {
    id: one.id,
    uri: `/api/tickets/${one.ticketId}/messages/${one.id}/`,
    message_id: `<${one.id}@sandbox>`,
    ticket_id: one.ticketId,
    external_id: null,
    public: one.public,
    channel: 'email',
    via: 'email',
    source: {
      type: one.note ? 'internal-note' : 'email',
      from: { name: 'Some One', address: 'someone@example.com' },
      to: [{ name: 'Shop', address: 'support@shop.example' }],
      cc: [],
      bcc: [],
      extra: {},
    },
    sender,
    auth_customer_identity: null,
    integration_id: 1,
    intents: [],
    rule_id: one.rule,
    from_agent: one.fromAgent,
    receiver: null,
    subject: 'About my order',
    body_text: BODY,
    body_html: `<div>${BODY}</div>`,
    stripped_text: BODY,
    stripped_html: `<div>${BODY}</div>`,
    stripped_signature: null,
    headers: null,
    attachments: null,
    actions: null,
    macros: one.macros.map((id) => ({ id, name: 'Macro' })),
    meta: {},
    created_datetime: time(one.created),
    processed_datetime: time(one.created),
    sent_datetime: one.note ? null : time(one.created),
    failed_datetime: null,
    deleted_datetime: null,
    opened_datetime: null,
    last_sending_error: null,
    is_retriable: false,
    imported: false,
  }
}

export function surveyItem(one: WorldSurvey): Record<string, unknown> {
  return {
    id: one.id,
    body_text: one.comment,
    created_datetime: time(one.created),
    customer_id: one.customerId,
    meta: null,
    score: one.score,
    scored_datetime: time(one.scored),
    sent_datetime: time(one.sent),
    should_send_datetime: time(one.sent),
    ticket_id: one.ticketId,
    uri: `/api/satisfaction-surveys/${one.id}/`,
  }
}

export function eventItem(one: WorldEvent): Record<string, unknown> {
  return {
    id: one.id,
    context: null,
    created_datetime: time(one.created),
    data: one.data,
    object_id: one.objectId,
    object_type: one.objectType,
    type: one.type,
    user_id: null,
    uri: `/api/events/${one.id}/`,
  }
}
