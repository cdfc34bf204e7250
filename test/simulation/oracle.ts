// What Brevo must hold and which events it must have seen, computed from the helpdesk's history alone. It shares no code with
// the engine: it was written from docs/definitions.md and docs/guarantees.md.
import type { SandboxContact } from '../../src/sandbox/brevo/account.ts'
import type { WorldCustomer } from '../../src/sandbox/shop/world.ts'
import { LISTS, OUTLET_FROM, OWN_ADDRESS } from './account.ts'
import type { Dialect } from './dialect.ts'
import type { Occurrence } from './occurrence.ts'
import { customersAt } from './people.ts'
import type { Shop } from './shop.ts'

/**
 * Watches what is written to Brevo while it is written, and tells what must never have happened. `looked` is called when tajo
 * reads a contact. A process that looked, noted that it gives a membership and was killed before the write left can't be told
 * from one whose write was applied: what a person gives just then may pass for tajo's (docs/guarantees.md).
 */
export function watchWrites(shop: Shop): { broken: string[]; looked(email: string): void } {
  const { account } = shop
  const broken: string[] = []
  const givenByTajo = new Set<string>()
  const underWay = new Set<number>()
  const { write, addToList, importRow } = account
  account.addToList = (contact, list) => {
    if (!shop.isByHand) {
      if (contact.unsubscribed.has(list)) broken.push(`${contact.email} left list ${list} and was put back`)
      if (!contact.lists.has(list)) givenByTajo.add(`${contact.id}/${list}`)
    } else if (underWay.has(contact.id)) givenByTajo.add(`${contact.id}/${list}`)
    addToList.call(account, contact, list)
  }
  account.write = (email, input) => {
    const before = account.contacts.get(email)
    if (!shop.isByHand) {
      if (before !== undefined) underWay.delete(before.id)
      if (input.emailBlacklisted === false) broken.push(`${email} was un-blocklisted`)
      if (before === undefined && shop.deletedByHand.has(email))
        broken.push(`${email} was deleted and is back`)
      for (const list of input.unlinkListIds ?? []) {
        if (before?.lists.has(list) === true && !givenByTajo.has(`${before.id}/${list}`))
          broken.push(`${email} lost its membership of list ${list}, which tajo had not given`)
      }
    }
    const result = write.call(account, email, input)
    noteWritten(email)
    return result
  }
  account.importRow = (row, lists, isFile) => {
    const email = String(row.email).toLowerCase()
    if (!account.contacts.has(email) && shop.deletedByHand.has(email))
      broken.push(`${email} was deleted and is back`)
    importRow.call(account, row, lists, isFile)
    noteWritten(email)
  }
  function noteWritten(email: string): void {
    const contact = account.contacts.get(email)
    if (contact !== undefined && !shop.isByHand) shop.written.add(contact.id)
  }
  const looked = (email: string): void => {
    const contact = account.contacts.get(email)
    if (contact !== undefined) underWay.add(contact.id)
  }
  return { broken, looked }
}

/** When the first sync of each connector began: microseconds. */
export type GoLive = Record<Occurrence['connector'], number>

/** Where there is one helpdesk only. */
export const oneShop = (goLive: number): GoLive => ({ main: goLive, outlet: Number.POSITIVE_INFINITY })

/** What is not as it must be; empty if all is well. */
export function judge(
  shop: Shop,
  options: { goLiveOf: GoLive; create: boolean; inOrder: boolean; extId?: boolean },
): string[] {
  return [
    ...(options.extId === true && options.create ? judgeIdentifiers(shop) : []),
    ...judgeContacts(shop, options.create),
    ...judgeBlocks(shop),
    ...shop.optOuts.judge(shop.world.customers.values(), (contact, list) =>
      shop.addedByHand.has(`${contact.id}/${list}`),
    ),
    ...judgeEvents(shop, options.goLiveOf, options.create),
    ...judgeCampaigns(shop, options.goLiveOf, options.create),
    ...(options.inOrder ? judgeOrder(shop) : []),
  ]
}

function judgeContacts(shop: Shop, create: boolean): string[] {
  const complaints: string[] = []
  for (const email of shop.addresses) {
    if (email === OWN_ADDRESS || shop.deletedByHand.has(email)) continue
    const contact = shop.account.contacts.get(email)
    const expected = expect(shop, email)
    if (contact === undefined) {
      if (expected !== null && create && !expected.mayBeAbsent) complaints.push(`${email} is not in Brevo`)
      continue
    }
    if (expected !== null) complaints.push(...compareAttributes(contact, expected.attributes))
    for (const list of Object.values(LISTS)) {
      // Memberships follow a contact to its new address.
      const place = `${contact.id}/${list}`
      if (shop.left.has(place)) continue
      const wanted = expected?.lists.has(list) === true
      const byHand = shop.addedByHand.has(place)
      const mayBeOut = contact.unsubscribed.has(list) || shop.optOuts.mayHaveLeft(email, list)
      if (wanted && !contact.lists.has(list) && !mayBeOut) complaints.push(`${email} is not in list ${list}`)
      if (!wanted && contact.lists.has(list) && !byHand) complaints.push(`${email} is still in list ${list}`)
    }
  }
  return complaints
}

function compareAttributes(contact: SandboxContact, expected: Record<string, unknown>): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const held = (contact.attributes[name] ?? null) as string | number | boolean | null
    return held === value
      ? []
      : [`${contact.email}: ${name} is ${String(held)} and should be ${String(value)}`]
  })
}

/** One id cannot be at two contacts: where somebody else holds it, it was refused. */
function judgeIdentifiers(shop: Shop): string[] {
  const held = new Set([...shop.account.contacts.values()].map((one) => one.extId))
  return [...shop.account.contacts.values()].flatMap(({ email, extId }) => {
    const wanted = email === OWN_ADDRESS ? null : expect(shop, email)?.externalId
    return wanted == null || wanted === extId || held.has(wanted)
      ? []
      : [`${email}: EXT_ID is ${String(extId)} and should be ${wanted}, which nobody holds`]
  })
}

function judgeBlocks(shop: Shop): string[] {
  return [...shop.account.contacts.values()]
    .filter((contact) => shop.blocked.has(contact.id) && !contact.emailBlacklisted)
    .map((contact) => `${contact.email} was blocked and is not any more`)
}

/** Null: nobody of the shop's customers has the address. */
function expect(
  shop: Shop,
  email: string,
): {
  attributes: Record<string, unknown>
  externalId: string | null
  lists: Set<number>
  mayBeAbsent: boolean
} | null {
  const { world } = shop
  const writers = new Set([...world.tickets.values()].map((one) => one.customerId))
  const isHeard = ({ id, updated }: WorldCustomer): boolean =>
    updated > (shop.unheard.get(id) ?? -1) || writers.has(id)
  const owners = [...world.customers.values()].filter(
    (one) => one.email?.trim().toLowerCase() === email && isHeard(one),
  )
  const others = [...(shop.outlet?.world.customers.values() ?? [])].filter((one) => one.email === email)
  if (owners.length + others.length === 0) return null
  const main = owners.length === 0 ? null : owners.reduce((best, one) => (isNewer(one, best) ? one : best))
  const ids = new Set([...owners, ...others].map((one) => one.id))
  const survivor = (id: number): number => {
    let now = id
    while (world.mergedCustomers.has(now)) now = world.mergedCustomers.get(now)!
    return now
  }
  const worlds = shop.outlet === null ? [world] : [world, shop.outlet.world]
  const dialectOf = (ticketId: number): Dialect =>
    ticketId >= OUTLET_FROM ? (shop.outlet?.dialect ?? shop.dialect) : shop.dialect
  const tickets = worlds
    .flatMap((one) => [...one.tickets.values()])
    .filter((one) => ids.has(one.customerId) && !one.spam && one.trashed === null)
  const surveys = worlds
    .flatMap((one) => [...one.surveys.values()])
    .filter((one) => one.score !== null && ids.has(survivor(one.customerId)))
    .filter(({ ticketId }) => dialectOf(ticketId).hasSurveys)
    .filter(
      ({ ticketId }) => !dialectOf(ticketId).surveysGo || worlds.some((one) => one.tickets.has(ticketId)),
    )
  const hasSurveys =
    (owners.length > 0 && shop.dialect.hasSurveys) || (others.length > 0 && shop.outlet!.dialect.hasSurveys)
  const newest = tickets.toSorted((a, b) => b.created - a.created || b.id - a.id)[0]
  const lastScored = surveys.toSorted((a, b) => b.scored! - a.scored! || b.id - a.id)[0]
  const waits = tickets.flatMap((ticket) => {
    const messages = worlds
      .flatMap((one) => [...one.messages.values()])
      .filter((one) => one.ticketId === ticket.id)
    return dialectOf(ticket.id).waits(ticket, messages)
  })
  const mean = waits.reduce((sum, one) => sum + one, 0) / waits.length

  const lists = new Set<number>()
  if (tickets.length > 0) lists.add(LISTS.support)
  if (tickets.some((one) => one.tags.includes('vip'))) lists.add(LISTS.vip)
  if (lastScored !== undefined && lastScored.score! >= 4) lists.add(LISTS.satisfied)
  if (lastScored !== undefined && lastScored.score! <= 2) lists.add(LISTS.dissatisfied)
  return {
    lists,
    externalId: main?.externalId ?? null,
    mayBeAbsent:
      [...owners, ...others].some((one) => shop.lostContact.has(one.id)) ||
      // Where customers have no list, whoever came before the first sync and never wrote is nobody's.
      (!shop.dialect.hasSilence && tickets.length === 0),
    attributes: {
      // Who somebody is, the first account says.
      ...(main === null
        ? {}
        : {
            GORGIAS_ID: shop.dialect.customerId(main.id),
            FIRSTNAME: main.name,
            TIER: main.customFields[11] ?? null,
            // Of texts no truth is made.
            ...(shop.dialect.helpdesk === 'gladly' ? {} : { WHOLESALE: main.customFields[12] ?? null }),
          }),
      TICKET_COUNT: tickets.length,
      OPEN_TICKETS: tickets.filter((one) => dialectOf(one.id).isOpen(one)).length,
      LAST_CHANNEL: newest?.channel ?? null,
      AVG_RESPONSE_TIME: waits.length === 0 ? null : Math.round(mean * 100) / 100,
      // Of a person whom no helpdesk with surveys knows nobody can say how content they are: what was said is left.
      ...(hasSurveys ? { CSAT_SCORE: lastScored?.score ?? null, CSAT_RESPONSES: surveys.length } : {}),
    },
  }
}

const isNewer = (a: WorldCustomer, b: WorldCustomer): boolean =>
  a.updated > b.updated || (a.updated === b.updated && a.id > b.id)

function judgeEvents(shop: Shop, goLiveOf: GoLive, create: boolean): string[] {
  const complaints: string[] = []
  const seen = new Map<string, number>()
  for (const event of shop.account.events) {
    const id = String(event.properties['event_id'])
    seen.set(id, (seen.get(id) ?? 0) + 1)
  }
  for (const [id, count] of seen) if (count > 1) complaints.push(`event ${id} arrived ${count} times`)

  const unmatched = new Set(shop.account.events.filter((one) => !isCampaign(one)))
  for (const occurrence of shop.occurrences) {
    const { event, about, at, must, connector } = occurrence
    const goLive = goLiveOf[connector]
    const told = shop.account.events.filter((one) => unmatched.has(one) && isToldBy(occurrence, one))
    for (const one of told) unmatched.delete(one)
    const words = `${event} of ${about.join(' ')} at ${new Date(at / 1000).toISOString()}`
    if (told.some((one) => Date.parse(one.date) < Math.floor(goLive / 1000)))
      complaints.push(`${words} is from before go-live`)
    const stranger = told.find((one) => !shop.had.of(occurrence.customerId).has(one.email ?? ''))
    if (stranger !== undefined)
      complaints.push(`${words} was told to ${stranger.email}, who is somebody else`)
    if (told.length > 1) complaints.push(`${words} arrived ${told.length} times`)
    if (told.length === 0 && must && create && at >= goLive) complaints.push(`${words} never arrived`)
  }
  for (const one of unmatched)
    complaints.push(`${one.name} arrived and never happened: ${JSON.stringify(one.properties)}`)
  return complaints
}

/** Customers who are no contact so far, or whose tickets were not all seen; `setAside`: ids of what could not be read. */
export function findMissing(shop: Shop, setAside: ReadonlySet<string>): string[] {
  const { dialect, world } = shop
  const isSetAside = (email: string): boolean => {
    const owners = customersAt(email, [world])
    return (
      owners.some((id) => setAside.has(dialect.customerId(id))) ||
      [...world.tickets.values()].some(
        ({ id, customerId }) => owners.includes(customerId) && setAside.has(dialect.ticketId(id)),
      )
    )
  }
  return [...shop.addresses].flatMap((email) => {
    if (setAside.size > 0 && isSetAside(email)) return []
    const contact = shop.account.contacts.get(email)
    const expected = expect(shop, email)
    if (email === OWN_ADDRESS || shop.deletedByHand.has(email) || expected === null || expected.mayBeAbsent)
      return []
    if (contact === undefined) return [`${email} waited for the next look at everything`]
    const { TICKET_COUNT } = expected.attributes as { TICKET_COUNT: number }
    const held = Number(contact.attributes['TICKET_COUNT'])
    if (held === TICKET_COUNT || (!shop.dialect.hasFeed && mayLag(shop, email, held > TICKET_COUNT)))
      return []
    return [`${email}: tickets waited for the next look at everything (${held}, not ${TICKET_COUNT})`]
  })
}

/** Without a feed a deletion is listed once in some hours, and what a merge brings shows in no list. */
function mayLag({ world }: Shop, email: string, hasMore: boolean): boolean {
  const survivors = new Set(world.mergedCustomers.values())
  return (
    hasMore ||
    [...world.customers.values()].some((one) => one.email?.toLowerCase() === email && survivors.has(one.id))
  )
}

/** What happened before `until` and was not told so far. A score moves nothing in any list: it may be seen an hour later. */
export function findUntold(shop: Shop, until: number): Occurrence[] {
  const awaited = shop.occurrences.filter(
    ({ event, at, must }) => must && at < until && event !== 'SURVEY_RESPONDED' && event !== 'SURVEY_CREATED',
  )
  return awaited.filter((one) => !shop.account.events.some((event) => isToldBy(one, event)))
}

function isToldBy(
  { event, about: [key, value], at }: Occurrence,
  one: { name: string; date: string; properties: Record<string, unknown> },
): boolean {
  // A score that was corrected before it was seen is told with the date of the correction; a merge, with that of its discovery.
  const isAnyDate = event === 'SURVEY_RESPONDED' || event === 'TICKET_MERGED'
  return (
    one.name === event &&
    one.properties[key] === value &&
    (isAnyDate || Date.parse(one.date) === Math.floor(at / 1000))
  )
}

const isCampaign = ({ name }: { name: string }): boolean => name.startsWith('CAMPAIGN_')

/**
 * A campaign without guards fires once for each closing that nothing happened to since; one with a cooldown fires once for
 * an address; neither fires for what did not happen.
 */
function judgeCampaigns(shop: Shop, goLiveOf: GoLive, create: boolean): string[] {
  const complaints: string[] = []
  const closings = shop.occurrences.filter((one) => one.event === 'TICKET_CLOSED')
  const closingsOf = (ticketId: unknown) => closings.filter((one) => one.about[1] === ticketId)
  const echoes = shop.account.events.filter((one) => one.name === 'CAMPAIGN_ECHO')
  const thanks = shop.account.events.filter((one) => one.name === 'CAMPAIGN_THANKS')
  for (const ticketId of new Set([...echoes, ...thanks].map((one) => one.properties['ticket_id']))) {
    const happened = closingsOf(ticketId).length
    const fired = echoes.filter((one) => one.properties['ticket_id'] === ticketId).length
    if (fired > happened)
      complaints.push(`ticket ${String(ticketId)} closed ${happened} times, and echo fired ${fired} times`)
    if (happened === 0) complaints.push(`a campaign fired for ticket ${String(ticketId)}, which never closed`)
  }
  // By contact: an address may have become somebody else's meanwhile.
  const thanked = new Set<number | null>()
  for (const { email, contactId } of thanks) {
    if (thanked.has(contactId)) complaints.push(`${email} was thanked twice within the cooldown`)
    thanked.add(contactId)
  }
  for (const { about, at, must, connector } of closings) {
    if (
      connector !== 'main' ||
      !must ||
      !create ||
      at < goLiveOf[connector] ||
      closingsOf(about[1]).length > 1
    )
      continue
    if (!shop.isUntouched(about[1])) continue
    if (!echoes.some((one) => one.properties['ticket_id'] === about[1]))
      complaints.push(`the campaign for ticket ${about[1]} never fired`)
  }
  return complaints
}

/** Per contact, in the order in which it happened. A score moves nothing in any list: it may be seen an hour later. */
function judgeOrder(shop: Shop): string[] {
  // Of each connector: what happens at one waits for nothing that another may still read.
  const last = new Map<string, { date: string; name: string }>()
  return shop.account.events.flatMap((event) => {
    if (event.name === 'SURVEY_RESPONDED' || event.name === 'TICKET_MERGED' || isCampaign(event)) return []
    const place = `${event.contactId}/${String(event.properties['connector'])}`
    const before = last.get(place)
    last.set(place, event)
    return before !== undefined && event.contactId !== null && event.date < before.date
      ? [`${event.email}: ${event.name} of ${event.date} came after ${before.name} of ${before.date}`]
      : []
  })
}
