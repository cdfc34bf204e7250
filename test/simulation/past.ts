// A ticket from before tajo came, maybe closed, answered and scored: it fires nothing.
import type { Random } from '../../src/lib/random.ts'
import type { World } from '../../src/sandbox/shop/world.ts'
import type { Dice } from './dice.ts'

export const HOUR = 3_600_000_000
export const DAY = 24 * HOUR

export function addPastTicket(
  world: World,
  dice: Dice,
  random: Random,
  customerId: number,
  past: number,
): void {
  const created = Math.floor(past + random.next() * DAY * 0.5)
  const closed = random.next() < 0.7
  const ticket = world.addTicket({
    customerId: customerId,
    created,
    updated: created,
    status: closed ? 'closed' : 'open',
    closed: closed ? created + 1 : null,
    tags: random.next() < 0.2 ? ['vip'] : [],
  })
  world.addMessage(ticket.id, { created: created + 1_000_000 })
  if (random.next() < 0.6) world.addMessage(ticket.id, { created: created + 90_000_000, fromAgent: true })
  if (random.next() < 0.4) {
    const scored = random.next() < 0.6
    world.addSurvey(ticket.id, {
      created: created + 100_000_000,
      sent: created + 100_000_000,
      score: scored ? 1 + dice.upTo(4) : null,
      scored: scored ? created + 200_000_000 : null,
    })
  }
}
