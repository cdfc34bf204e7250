// The shop as Intercom shows it: dates are whole Unix seconds (gladly-intercom-api.md § B.3, B.4).
import type { World, WorldCustomer, WorldMessage, WorldTicket, WorldField, WorldUser } from '../shop/world.ts'

/** Contacts have ids of their own kind: 24 hexadecimal digits. */
export function toContactId(id: number): string {
  return id.toString(16).padStart(24, '0')
}

/** 0: nobody's. */
export function readContactId(text: string): number {
  return /^[0-9a-f]{24}$/.test(text) ? Number.parseInt(text, 16) : 0
}

export const toSeconds = (micros: number): number => Math.floor(micros / 1_000_000)
const orNull = (micros: number | null | undefined): number | null =>
  micros === null || micros === undefined ? null : toSeconds(micros)

export function toContact(world: World, one: WorldCustomer) {
  return {
    type: 'contact',
    id: toContactId(one.id),
    workspace_id: 'sandbox1',
    external_id: one.externalId,
    role: one.email === null ? 'lead' : 'user',
    email: one.email,
    phone: one.phone,
    name: one.name,
    owner_id: null,
    has_hard_bounced: false,
    marked_email_as_spam: false,
    unsubscribed_from_emails: false,
    created_at: toSeconds(one.created),
    updated_at: toSeconds(one.updated),
    language_override: one.language,
    location: { type: 'location', country: null, region: null, city: null },
    custom_attributes: Object.fromEntries(
      world.fields.map(({ id, label }) => [label, one.customFields[id] ?? null]),
    ),
    tags: {
      type: 'list',
      data: [],
      url: `/contacts/${toContactId(one.id)}/tags`,
      total_count: 0,
      has_more: false,
    },
  }
}

/** The channels of the shop, as `source.type` has them. */
const SOURCE_TYPES: Record<string, string> = { email: 'email', chat: 'conversation', phone: 'phone_call' }

/** As a search gives it: without parts. */
export function toConversation(world: World, one: WorldTicket, messages: readonly WorldMessage[]) {
  const customer = world.customers.get(one.customerId)
  const asked = messages.find(isAsked)
  const answers = messages.filter((message) => isAnswer(message) && asked !== undefined)
  const answer = answers.find((message) => message.created >= asked!.created)
  const isAsleep = one.status === 'closed' && one.snooze !== null
  const done = one.done ?? (isAsleep ? null : one.closed)
  return {
    type: 'conversation',
    id: String(one.id),
    title: one.subject,
    created_at: toSeconds(one.created),
    updated_at: toSeconds(one.updated),
    waiting_since: null,
    snoozed_until: isAsleep ? toSeconds(one.snooze!) : null,
    open: one.status === 'open',
    state: isAsleep ? 'snoozed' : one.status,
    read: true,
    priority: 'none',
    admin_assignee_id: one.assignee ?? 0,
    team_assignee_id: 0,
    tags: {
      type: 'tag.list',
      tags: one.tags.map((name, index) => ({ type: 'tag', id: String(index), name })),
    },
    contacts: {
      type: 'contact.list',
      contacts: [
        { type: 'contact', id: toContactId(one.customerId), external_id: customer?.externalId ?? null },
      ],
    },
    custom_attributes: {},
    first_contact_reply:
      asked === undefined ? null : { created_at: toSeconds(asked.created), type: 'conversation', url: null },
    sla_applied: null,
    statistics: {
      type: 'conversation_statistics',
      first_contact_reply_at: orNull(asked?.created),
      first_admin_reply_at: orNull(answer?.created),
      last_contact_reply_at: orNull(messages.findLast(isAsked)?.created),
      last_admin_reply_at: orNull(answers.at(-1)?.created),
      first_close_at: orNull(done),
      last_close_at: orNull(done),
      // Within office hours: nothing that tajo may use.
      time_to_admin_reply: answer === undefined ? null : 1,
      count_reopens: one.reopened === undefined ? 0 : 1,
      count_conversation_parts: Math.max(0, messages.length - 1),
    },
    conversation_rating: toRating(world, one),
    source: {
      type: SOURCE_TYPES[one.channel] ?? one.channel,
      id: String(one.id),
      delivered_as: 'customer_initiated',
      subject: one.subject === null ? '' : `<p>${one.subject}</p>`,
      body: '<p>What a customer wrote.</p>',
      author: {
        type: 'user',
        id: toContactId(one.customerId),
        name: customer?.name ?? null,
        email: customer?.email ?? null,
      },
    },
    ai_agent_participated: false,
    ai_agent: null,
  }
}

/** Of these conversations, by conversation, the oldest first. */
export function toMessages(world: World, tickets: readonly WorldTicket[]): Map<number, WorldMessage[]> {
  const found = new Map(tickets.map(({ id }): [number, WorldMessage[]] => [id, []]))
  for (const message of world.messages.values()) found.get(message.ticketId)?.push(message)
  return found
}

/** The whole of one conversation: with its parts; the opening message is `source`, and no part. */
export function toWholeConversation(world: World, one: WorldTicket) {
  const messages = toMessages(world, [one]).get(one.id) ?? []
  const parts = messages.slice(1).map((message) => toPart(world, message))
  return {
    ...toConversation(world, one, messages),
    conversation_parts: {
      type: 'conversation_part.list',
      conversation_parts: parts.slice(-500),
      total_count: parts.length,
    },
  }
}

function toPart(world: World, one: WorldMessage) {
  const admin = world.users[0]
  const customer = world.customers.get(one.customerId)
  const contact = {
    type: 'user',
    id: toContactId(one.customerId),
    name: customer?.name,
    email: customer?.email,
  }
  return {
    type: 'conversation_part',
    id: String(one.id),
    part_type: one.note ? 'note' : 'comment',
    body: '<p>What somebody wrote.</p>',
    created_at: toSeconds(one.created),
    updated_at: toSeconds(one.created),
    author: one.fromAgent
      ? {
          type: one.rule === null ? 'admin' : 'bot',
          id: String(admin?.id ?? 0),
          name: admin?.name,
          email: admin?.email,
        }
      : contact,
  }
}

const isAsked = (one: WorldMessage): boolean => !one.fromAgent && one.public && !one.note
const isAnswer = (one: WorldMessage): boolean => one.fromAgent && one.public && !one.note && one.rule === null

function toRating(world: World, { id, customerId }: WorldTicket) {
  const rating = [...world.surveys.values()].findLast((survey) => survey.ticketId === id)
  if (rating === undefined) return null
  return {
    rating: rating.score,
    remark: rating.comment,
    created_at: toSeconds(rating.created),
    updated_at: toSeconds(rating.scored ?? rating.created),
    contact: { type: 'contact', id: toContactId(customerId), external_id: null },
    teammate: { type: 'admin', id: 1 },
  }
}

const ATTRIBUTE_TYPES = { text: 'string', number: 'float', boolean: 'boolean' } as const

export function toAttribute({ id, label, type, created }: WorldField) {
  return {
    type: 'data_attribute',
    id,
    model: 'contact',
    name: label,
    full_name: `custom_attributes.${label}`,
    label,
    data_type: ATTRIBUTE_TYPES[type],
    custom: true,
    archived: false,
    created_at: toSeconds(created),
    updated_at: toSeconds(created),
  }
}

/** One that every contact has. */
export const EMAIL_ATTRIBUTE = {
  type: 'data_attribute',
  model: 'contact',
  name: 'email',
  full_name: 'email',
  label: 'Email',
  data_type: 'string',
  custom: false,
}

export function toAdmin({ id, name, email }: WorldUser) {
  return {
    type: 'admin',
    id: String(id),
    name,
    email,
    away_mode_enabled: false,
    away_mode_reassign: false,
    away_status_reason_id: null,
    has_inbox_seat: true,
    team_ids: [],
  }
}
