// Export jobs: an hour's conversations as files of JSON lines, two hours later, kept for 14 days (gladly-intercom-api.md § A.5). They alone have
// what a survey tool wrote back: activities that are no part of a conversation (§ A.8).
import type { World, WorldCustomer, WorldSurvey } from '../shop/world.ts'
import { toId, toTime } from './ids.ts'
import { toItems } from './json.ts'

const HOUR = 3_600_000_000
export const EXPORT_LAG = 2 * HOUR
const KEPT = 14 * 24 * HOUR
const FILES = ['agents.jsonl', 'conversation_items.jsonl', 'customers.jsonl', 'topics.jsonl'] as const

interface Job {
  hour: number
  completed: number
}

/** Those of hours in which something was said or answered. */
export function jobsOf(world: World): Job[] {
  const now = world.now()
  const hours = new Set<number>()
  for (const { created } of world.messages.values()) hours.add(Math.floor(created / HOUR))
  for (const { scored } of world.surveys.values()) if (scored !== null) hours.add(Math.floor(scored / HOUR))
  return [...hours]
    .toSorted((a, b) => a - b)
    .map((hour) => ({ hour, completed: (hour + 1) * HOUR + EXPORT_LAG }))
    .filter(({ completed }) => completed <= now && completed > now - KEPT)
}

export const toJob = ({ hour, completed }: Job) => ({
  id: toId('job', hour),
  status: 'COMPLETED',
  scheduleId: toId('job', 1),
  updatedAt: toTime(completed),
  parameters: { type: 'CONVERSATIONS', startAt: toTime(hour * HOUR), endAt: toTime((hour + 1) * HOUR) },
  files: [...FILES],
})

/** Null where there is no such file. */
export function toFile(world: World, hour: number, name: string): string | null {
  const isWithin = (at: number): boolean => Math.floor(at / HOUR) === hour
  switch (name) {
    case 'conversation_items.jsonl': {
      const items = [...world.tickets.values()].flatMap((one) =>
        toItems(world, one).flatMap(({ at, item }) => (isWithin(at) ? [item] : [])),
      )
      const surveys = [...world.surveys.values()].filter(({ scored }) => scored !== null && isWithin(scored))
      return toLines([...items, ...surveys.map((one) => toActivity(one))])
    }
    case 'customers.jsonl': {
      const ids = new Set<number>()
      for (const one of world.messages.values()) if (isWithin(one.created)) ids.add(one.customerId)
      return toLines([...ids].flatMap((id) => toCustomer(world.customers.get(id))))
    }
    case 'agents.jsonl':
      return toLines(
        world.users.map(({ id, name: agent, email }) => ({
          id: toId('agent', id),
          name: agent,
          emailAddress: email,
        })),
      )
    case 'topics.jsonl':
      return toLines(
        world.tags.map(({ id, name: topic }) => ({ id: toId('topic', id), name: topic, disabled: false })),
      )
    default:
      return null
  }
}

const toLines = (items: readonly object[]): string => items.map((one) => `${JSON.stringify(one)}\n`).join('')

const toCustomer = (one: WorldCustomer | undefined): object[] =>
  one === undefined
    ? []
    : [
        {
          id: toId('customer', one.id),
          name: one.name,
          address: null,
          emailAddresses: one.email === null ? [] : [one.email],
          phoneNumbers: one.phone === null ? [] : [one.phone],
        },
      ]

/** What the survey tool posted: free text. */
function toActivity({ id, customerId, score, comment, scored }: WorldSurvey) {
  const at = toTime(scored!)
  return {
    id: toId('item', id),
    customerId: toId('customer', customerId),
    timestamp: at,
    initiator: { id: toId('agent', 1), type: 'API' },
    content: {
      type: 'CUSTOMER_ACTIVITY',
      activityType: 'SURVEY',
      title: 'CSAT',
      body: `Score: ${score} of 5${comment === null ? '' : `\n${comment}`}`,
      sourceName: 'Survey tool',
      link: null,
      occurredAt: at,
      receivedAt: at,
    },
  }
}
