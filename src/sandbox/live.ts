// The helpdesk goes on living: tickets are opened, answered, closed, scored and sometimes opened again.
import type { Random } from '../lib/random.ts'
import { CHANNELS, pick, TAGS } from './shop/seed.ts'
import type { World } from './shop/world.ts'

const NAMES = ['Alma Rivera', 'Bruno Keller', 'Cleo Martin', 'David Sato', 'Emma Lind', 'Felix Moreau']

/** One thing that happens in the shop; says what, in a line. */
export function liveOnce(world: World, random: Random): string {
  const open = latestTickets(world).filter((ticket) => ticket.status === 'open')
  const closed = latestTickets(world).filter((ticket) => ticket.status === 'closed')
  const unscored = [...world.surveys.values()].slice(-10).filter((survey) => survey.score === null)
  const dice = random.next()

  if (unscored.length > 0 && dice < 0.25) {
    const survey = pick(random, unscored)
    const score = pick(random, [1, 2, 4, 5, 5])
    world.scoreSurvey(survey.id, score, { comment: score > 3 ? 'Thank you!' : 'I am still waiting.' })
    return `survey ${survey.id} was scored ${score}`
  }
  if (open.length > 0 && dice < 0.65) {
    const ticket = pick(random, open)
    world.addMessage(ticket.id, { fromAgent: true })
    world.closeTicket(ticket.id)
    world.addSurvey(ticket.id)
    return `ticket ${ticket.id} was answered and closed`
  }
  if (closed.length > 0 && dice < 0.72) {
    const ticket = pick(random, closed)
    world.addMessage(ticket.id)
    world.reopenTicket(ticket.id)
    return `ticket ${ticket.id} was reopened`
  }
  const ids = [...world.customers.keys()]
  const name = pick(random, NAMES)
  const customerId =
    random.next() < 0.4
      ? world.addCustomer({
          email: `${name.toLowerCase().replace(' ', '.')}.${world.nextId()}@example.com`,
          name,
        }).id
      : pick(random, ids)
  const ticket = world.addTicket({
    customerId,
    channel: pick(random, CHANNELS),
    subject: pick(random, ['Where is my order?', 'Wrong size', 'Parcel arrived damaged']),
    tags: random.next() < 0.3 ? [pick(random, TAGS)] : [],
    assignee: 1,
  })
  world.addMessage(ticket.id)
  return `ticket ${ticket.id} was opened`
}

function latestTickets(world: World) {
  return world.ticketsByUpdate.page('desc', null, 40)
}
