// The shop as Parley shows it.
import type { World, WorldCustomer, WorldMessage, WorldTicket, WorldUser } from '../shop/world.ts'

const PREFIX = '7a1e0000-0000-4000-8000-'

export function toUuid(id: number): string {
  return `${PREFIX}${id.toString(16).padStart(12, '0')}`
}

/** 0: nobody's. */
export function toNumber(uuid: string): number {
  const hex = uuid.startsWith(PREFIX) ? uuid.slice(PREFIX.length) : ''
  return /^[0-9a-f]{12}$/.test(hex) ? Number.parseInt(hex, 16) : 0
}

const toSeconds = (micros: number): number => Math.floor(micros / 1_000_000)

export function toPerson(one: WorldCustomer) {
  return {
    id: toUuid(one.id),
    emails: one.email === null ? [] : [one.email],
    full_name: one.name,
    phone: one.phone,
    locale: one.language,
    reference: one.externalId,
    properties: one.data ?? {},
    created_at: toSeconds(one.created),
    updated_at: toSeconds(one.updated),
  }
}

export function toConversation(world: World, one: WorldTicket) {
  const person = world.customers.get(one.customerId)
  const owner = world.users.find((user) => user.id === one.assignee)
  const rating = [...world.surveys.values()].findLast((survey) => survey.ticketId === one.id)
  const isAsleep = one.status === 'closed' && one.snooze !== null
  const done = one.done ?? (isAsleep ? null : one.closed)
  const reopened = one.reopened ?? null
  return {
    id: toUuid(one.id),
    person: {
      id: toUuid(one.customerId),
      email: person?.email ?? null,
      name: person?.name ?? null,
    },
    state: isAsleep ? 'snoozed' : one.status === 'closed' ? 'done' : 'open',
    topic: one.subject,
    channel: one.channel,
    labels: one.tags,
    owner: owner === undefined ? null : { id: toUuid(owner.id), name: owner.name },
    junk: one.spam,
    opened_at: toSeconds(one.created),
    updated_at: toSeconds(Math.max(one.updated, rating?.created ?? 0, rating?.scored ?? 0)),
    done_at: done === null ? null : toSeconds(done),
    reopened_at: reopened === null ? null : toSeconds(reopened),
    snoozed_until: isAsleep ? toSeconds(one.snooze!) : null,
    rating:
      rating === undefined
        ? null
        : {
            stars: rating.score,
            note: rating.comment,
            asked_at: toSeconds(rating.created),
            given_at: rating.scored === null ? null : toSeconds(rating.scored),
          },
  }
}

export function toMessage(one: WorldMessage) {
  return {
    id: toUuid(one.id),
    conversation_id: toUuid(one.ticketId),
    at: toSeconds(one.created),
    by: one.fromAgent ? (one.rule === null ? 'agent' : 'bot') : 'person',
    private: one.note || !one.public,
  }
}

export function toAgent(one: WorldUser) {
  return { id: toUuid(one.id), name: one.name, email: one.email }
}
