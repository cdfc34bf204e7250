// Makes one thing happen to one person in the sandbox, on request: what `tajo trigger` calls.
import type { FastifyInstance } from 'fastify'

import type { World, WorldCustomer, WorldTicket } from './shop/world.ts'

export interface TriggerInput {
  /** `ticket.closed` and so on. */
  occurrence: string
  email: string
  score?: number
  comment?: string
  tag?: string
}

type Trigger = (world: World, customer: WorldCustomer, input: TriggerInput) => string

const TRIGGERS: Record<string, Trigger> = {
  'customer.created': (_, { id }) => `customer ${id} is there`,
  'ticket.created': (world, customer) => `ticket ${openTicket(world, customer).id} was opened`,
  'ticket.closed': (world, customer) => `ticket ${closeTicket(world, customer).id} was answered and closed`,
  'ticket.reopened'(world, customer) {
    const { id } = newest(world, customer, 'closed') ?? closeTicket(world, customer)
    world.addMessage(id)
    world.reopenTicket(id)
    return `ticket ${id} was reopened`
  },
  'ticket.tagged'(world, customer, { tag = 'vip' }) {
    const { id } = newest(world, customer) ?? openTicket(world, customer)
    world.addTag(id, tag)
    return `ticket ${id} was tagged ${tag}`
  },
  'ticket.message.received'(world, customer) {
    const { id } = newest(world, customer, 'open') ?? openTicket(world, customer)
    world.addMessage(id)
    return `a message came to ticket ${id}`
  },
  'ticket.message.sent'(world, customer) {
    const { id } = newest(world, customer, 'open') ?? openTicket(world, customer)
    world.addMessage(id, { fromAgent: true })
    return `ticket ${id} was answered`
  },
  'satisfaction_survey.created': (world, customer) =>
    `survey ${world.addSurvey(closeTicket(world, customer).id).id} was made`,
  'satisfaction_survey.responded'(world, customer, { score = 5, comment }) {
    const open = [...world.surveys.values()].findLast(
      (one) => one.customerId === customer.id && one.score === null,
    )
    const { id } = open ?? world.addSurvey(closeTicket(world, customer).id)
    world.scoreSurvey(id, score, comment === undefined ? {} : { comment })
    return `survey ${id} was scored ${score}`
  },
  'customer.deleted'(world, { id }) {
    world.deleteCustomer(id)
    return `customer ${id} was deleted`
  },
}

/** What `tajo trigger` takes. */
export const TRIGGERED = Object.keys(TRIGGERS)

/** Below the API's own paths, without its keys and its limit. */
export const TRIGGER_PATH = '/sandbox/trigger'

export function installTrigger(server: FastifyInstance, world: World): void {
  server.post(TRIGGER_PATH, (request, reply) => {
    const input = request.body as TriggerInput
    const trigger = TRIGGERS[input.occurrence]
    if (trigger === undefined) return reply.code(400).send({ error: { msg: 'Unknown occurrence.' } })
    return reply.send({ happened: trigger(world, findOrAdd(world, input.email), input) })
  })
}

function findOrAdd(world: World, email: string): WorldCustomer {
  const known = [...world.customers.values()].findLast(
    (one) => one.email?.toLowerCase() === email.toLowerCase(),
  )
  return known ?? world.addCustomer({ email, name: email.split('@')[0]! })
}

function newest(
  world: World,
  { id }: WorldCustomer,
  status?: WorldTicket['status'],
): WorldTicket | undefined {
  return [...world.tickets.values()].findLast(
    (one) => one.customerId === id && (status === undefined || one.status === status),
  )
}

function openTicket(world: World, { id: customerId }: WorldCustomer): WorldTicket {
  const ticket = world.addTicket({ customerId, channel: 'email', subject: 'Where is my order?' })
  world.addMessage(ticket.id)
  return ticket
}

function closeTicket(world: World, customer: WorldCustomer): WorldTicket {
  const ticket = newest(world, customer, 'open') ?? openTicket(world, customer)
  world.addMessage(ticket.id, { fromAgent: true })
  world.closeTicket(ticket.id)
  return ticket
}
