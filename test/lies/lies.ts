// Every call of both APIs meets every lie: an answer that looks well and is none. The built binary against the sandbox; each
// kind of request is lied to once and was not carried out, and in the end everything must be as if it had not been.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import type { Fault, Intercept } from '../../src/sandbox/faults.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { runTajo } from '../support/tajo.ts'

const PAGE = '<html><body>We will be back soon.</body></html>'
const gzip = { 'content-encoding': 'gzip' }

export const LIES = {
  '200 with a page': { status: 200, body: PAGE },
  '200 with other JSON': { status: 200, body: '{"status":"ok","data":[]}' },
  '204 where a body is due': { status: 204, body: '' },
  '201 without an id': { status: 201, body: '{}' },
  '202': { status: 202, body: '{"message":"Accepted"}' },
  '206': { status: 206, body: '{"data":[],"meta":{"next_cursor":null},"contacts":[],"count":0,"events":[]}' },
  '302 to another host': { status: 302, body: PAGE, headers: { location: 'https://login.invalid/42' } },
  '301 to another host': {
    status: 301,
    body: '',
    headers: { location: 'https://login.invalid/api/tickets/42' },
  },
  '304': { status: 304, body: '' },
  '404 with a page': { status: 404, body: PAGE },
  'a truncated answer': { status: 200, body: '{"data":[{"id":1', endless: true },
  'gzip that does not unpack': { status: 200, body: 'this is no gzip', headers: gzip },
  'an answer of megabytes': { status: 200, body: gzipSync(Buffer.alloc(70 * 1024 * 1024)), headers: gzip },
} as const satisfies Record<string, Fault>
export type Lie = keyof typeof LIES

/** More than an import and a batch of events need. */
const MANY = 520
const EVENTS = 320

/** What is not as it must be, and the calls that were lied to. */
export async function lieOnce(lie: Lie): Promise<{ complaints: string[]; lied: string[] }> {
  const sandbox = await startSandbox({
    size: { customers: 0, tickets: 0, messages: 0, surveys: 0 },
    helpdeskLimit: null,
    brevoLimit: null,
  })
  const directory = mkdtempSync(join(tmpdir(), 'tajo-lies-'))
  try {
    sandbox.brevo.account.importDelayMs = 0
    sandbox.brevo.account.lists.set(50, 'tajo')
    writeFileSync(join(directory, 'connectors.yml'), toYaml(sandbox))
    const told = new Set<string>()
    const complaints: string[] = []
    const sync = async (): Promise<void> => {
      const { code, stderr } = await runTajo(['sync', 'gorgias'], directory)
      if (code !== 0) complaints.push(`sync ended with ${code}: ${stderr.split('\n').slice(-4).join(' ')}`)
    }

    const people = Array.from({ length: MANY }, (_, index) =>
      sandbox.world.addCustomer({ email: `p${index}@example.com`, name: `P ${index}` }),
    )
    const [first] = people
    for (const { id } of people.slice(0, 300))
      sandbox.world.addTicket({
        customerId: id,
        tags: ['vip'],
        status: 'closed',
        closed: sandbox.world.now(),
      })
    const scored = sandbox.world.addTicket({ customerId: first!.id })
    sandbox.world.addSurvey(scored.id, { score: 5, scored: sandbox.world.now() })
    installLie(sandbox, LIES[lie], told)
    await sync()
    for (const { id } of people.slice(0, EVENTS)) sandbox.world.addTicket({ customerId: id })
    sandbox.world.closeTicket(scored.id)
    await sync()
    for (const { id } of people.slice(0, 5)) sandbox.world.changeCustomer(id, { name: `Renamed ${id}` })
    sandbox.world.changeCustomer(people[9]!.id, { email: 'moved@example.com' })
    sandbox.world.mergeCustomers(people[11]!.id, people[12]!.id)
    const ticketOf = (id: number): number =>
      [...sandbox.world.tickets.values()].find((one) => one.customerId === id)!.id
    sandbox.world.deleteTicket(ticketOf(people[20]!.id))
    sandbox.world.mergeTickets(ticketOf(people[21]!.id), ticketOf(people[22]!.id))
    sandbox.world.addTicket({ customerId: first!.id })
    sandbox.world.addCustomer({ email: 'late@example.com', name: 'Late' })
    await sync()
    await sync()
    return { complaints: [...complaints, ...judge(sandbox)], lied: [...told].toSorted() }
  } finally {
    await sandbox.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The first request of each kind: of its method, its path without ids, and whether it reads one contact or changes its address. */
function installLie(sandbox: Sandbox, lie: Fault, told: Set<string>): void {
  const intercept =
    (api: string): Intercept =>
    ({ method, path, query }) => {
      const template = path.replace(/\/[^/]*(?:%40|@)[^/]*$/, '/:email').replaceAll(/\/\d+/g, '/:id')
      const name = `${api} ${method} ${template}${query['cursor'] === undefined ? '' : ' (next page)'}`
      if (told.has(name) || isTruth(method, template, lie)) return null
      told.add(name)
      return lie
    }
  sandbox.helpdesk.intercept = intercept('Gorgias')
  sandbox.brevo.intercept = intercept('Brevo')
}

/** Where Brevo documents just that, nothing tells the lie from the truth. */
function isTruth(method: string, template: string, lie: Fault): boolean {
  const isEmpty = method === 'PUT' || (method === 'POST' && /\/(contacts|events)$/.test(template))
  return 'status' in lie && lie.status === 204 && isEmpty
}

function judge({ brevo: { account }, world }: Sandbox): string[] {
  const complaints: string[] = []
  const people = [...world.customers.values()].filter((one) => one.email !== null)
  for (const { id, email, name } of people) {
    const tickets = [...world.tickets.values()].filter((one) => one.customerId === id)
    const contact = account.contacts.get(email!)
    const wanted = { FIRSTNAME: name, TICKET_COUNT: tickets.length }
    for (const [attribute, value] of Object.entries(wanted))
      if (contact?.attributes[attribute] !== value)
        complaints.push(`${email}: ${attribute} is ${String(contact?.attributes[attribute])}, not ${value}`)
    const isVip = tickets.some((one) => one.tags.includes('vip'))
    if (contact?.lists.has(40) !== isVip)
      complaints.push(`${email}: list 40 ${isVip ? 'misses it' : 'has it'}`)
    if (contact?.lists.has(35) !== tickets.length > 0) complaints.push(`${email}: list 35 is wrong`)
  }
  const counts = new Map<string, number>()
  for (const { properties } of account.events) {
    const id = String(properties['event_id'])
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  for (const [id, count] of counts) if (count > 1) complaints.push(`event ${id} arrived ${count} times`)
  const wanted = EVENTS + 2
  const opened = account.events.filter((one) => one.name !== 'CUSTOMER_CREATED')
  if (opened.length !== wanted) complaints.push(`${opened.length} events arrived instead of ${wanted}`)
  return complaints
}

function toYaml(sandbox: Sandbox): string {
  return `brevo: { base_url: "${sandbox.brevoUrl}", import_list: 50 }
events: { verify_after: 1s }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 1000000, per_seconds: 1 }
    lists: { all_support_contacts: 35, satisfied_customers: 36 }
    tag_lists: { vip: 40 }
    field_mapping: { id: GORGIAS_ID, name: FIRSTNAME, nb_tickets: TICKET_COUNT }
    event_mapping: { ticket.created: SUPPORT_TICKET_OPENED, ticket.closed: SUPPORT_TICKET_RESOLVED }
`
}
