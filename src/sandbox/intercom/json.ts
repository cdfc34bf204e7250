// The shop as Intercom shows it: dates are whole Unix seconds (gladly-intercom-api.md § B.3, B.4).
import type {
  World,
  WorldCustomer,
  WorldField,
  WorldMessage,
  WorldSurvey,
  WorldTicket,
  WorldUser,
} from '../shop/world.ts'
import { messagesOf, type Said, toParts, toSaid } from './parts.ts'
import { toAdminAuthor, toContactAuthor, toContactId, toSeconds } from './people.ts'

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
  const said = toSaid(one, messages)
  const isAsleep = one.status === 'closed' && one.snooze !== null
  const asked = findAsked(one, said)
  return {
    type: 'conversation',
    id: String(one.id),
    title: one.subject,
    created_at: toSeconds(one.created),
    updated_at: toSeconds(one.updated),
    waiting_since: null,
    snoozed_until: isAsleep ? toSeconds(one.snooze!) : null,
    open: one.status === 'open' || isAsleep,
    state: isAsleep ? 'snoozed' : one.status,
    read: true,
    priority: 'none',
    admin_assignee_id: one.assignee ?? 0,
    team_assignee_id: one.status === 'open' && one.assignee !== null ? TEAMS[0]!.id : 0,
    tags: {
      type: 'tag.list',
      tags: one.tags.map((name, index) => ({ type: 'tag', id: String(index), name })),
    },
    contacts: { type: 'contact.list', contacts: [toReference(world, one)] },
    custom_attributes: {},
    first_contact_reply:
      asked === null ? null : { created_at: toSeconds(asked), type: 'conversation', url: null },
    sla_applied: null,
    statistics: toStatistics(one, messages, asked, isAsleep),
    conversation_rating: toRating(world, one),
    source: toSource(world, one, said),
    ...toAgent(one),
  }
}

function toReference(world: World, { customerId }: WorldTicket) {
  const externalId = world.customers.get(customerId)?.externalId ?? null
  return { type: 'contact', id: toContactId(customerId), external_id: externalId }
}

/** When the customer first wrote; what the shop does not show began it. */
function findAsked({ created }: WorldTicket, { opening, rest }: Said): number | null {
  if (opening === null || isAsked(opening)) return created
  return rest.find(isAsked)?.created ?? null
}

function toStatistics(
  one: WorldTicket,
  messages: readonly WorldMessage[],
  asked: number | null,
  isAsleep: boolean,
) {
  const answers = messages.filter(
    (message) => isAnswer(message) && asked !== null && message.created >= asked,
  )
  const done = orNull(one.done ?? (isAsleep ? null : one.closed))
  return {
    type: 'conversation_statistics',
    first_contact_reply_at: orNull(asked),
    first_admin_reply_at: orNull(answers[0]?.created),
    last_contact_reply_at: orNull(messages.findLast(isAsked)?.created ?? asked),
    last_admin_reply_at: orNull(answers.at(-1)?.created),
    first_close_at: done,
    last_close_at: done,
    // Within office hours: nothing that tajo may use.
    time_to_admin_reply: answers.length === 0 ? null : 1,
    count_reopens: one.reopened === undefined ? 0 : 1,
    count_conversation_parts: messages.length + (one.history?.length ?? 0),
  }
}

function toSource(world: World, one: WorldTicket, { opening }: Said) {
  const isTheirs = opening === null || isAsked(opening)
  return {
    type: SOURCE_TYPES[one.channel] ?? one.channel,
    id: String(opening?.id ?? one.id),
    delivered_as: isTheirs ? 'customer_initiated' : 'admin_initiated',
    subject: one.subject === null ? '' : `<p>${one.subject}</p>`,
    body: '<p>What somebody wrote.</p>',
    author: isTheirs ? toContactAuthor(world, one.customerId) : toAdminAuthor(world, 1),
  }
}

/** Fin took part where it handed over, or was rated. */
function toAgent({ history = [], aiScore = null }: WorldTicket) {
  const participated = aiScore !== null || history.some(({ type }) => type === 'handed_over')
  return {
    ai_agent_participated: participated,
    ai_agent: participated
      ? {
          source_type: 'workflow',
          source_title: null,
          last_answer_type: 'ai_answer',
          resolution_state: aiScore === null ? 'routed_to_team' : 'confirmed_resolution',
          rating: aiScore,
          rating_remark: null,
        }
      : null,
  }
}

/** The whole of one conversation: with its parts. */
export function toWholeConversation(world: World, one: WorldTicket) {
  const messages = messagesOf(world, [one]).get(one.id) ?? []
  return {
    ...toConversation(world, one, messages),
    conversation_parts: toParts(world, one, toSaid(one, messages)),
  }
}

const isAsked = (one: WorldMessage): boolean => !one.fromAgent && one.public && !one.note
const isAnswer = (one: WorldMessage): boolean => one.fromAgent && one.public && !one.note && one.rule === null

function toRating(world: World, { id, customerId }: WorldTicket) {
  const rating = ratingsOf(world).get(id)
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

/** When it was asked for, and answered, as a search may name it. */
export function ratedAt(world: World, { id }: WorldTicket, which: 'created' | 'scored'): number | null {
  return orNull(ratingsOf(world).get(id)?.[which])
}

const known = new WeakMap<World, { size: number; ratings: Map<number, WorldSurvey> }>()

/** By conversation, the last of each. Surveys are only ever added. */
function ratingsOf(world: World): Map<number, WorldSurvey> {
  const size = world.surveys.size
  const found = known.get(world)
  if (found?.size === size) return found.ratings
  const ratings = new Map([...world.surveys.values()].map((one) => [one.ticketId, one]))
  known.set(world, { size, ratings })
  return ratings
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

/** Whoever has an open conversation has it for a team. */
export const TEAMS = [{ id: 814_865, name: 'Support' }]

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
