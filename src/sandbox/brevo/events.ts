// The event endpoints of the sandbox's Brevo: single, batch with an answer for each, and the list (brevo-api.md § 2.10-2.12).
import type { FastifyInstance } from 'fastify'

import type { BrevoAccount } from './account.ts'

interface EventInput {
  event_name?: unknown
  event_date?: string
  identifiers?: { email_id?: string; contact_id?: number }
  event_properties?: Record<string, unknown>
  contact_properties?: Record<string, unknown>
}

const BATCH_LIMIT = 512 * 1024
const PROPERTIES_LIMIT = 50 * 1024

export function installBrevoEvents(server: FastifyInstance, account: BrevoAccount): void {
  server.post('/v3/events', (request, reply) => {
    const input = request.body as EventInput
    const problem = findProblem(input)
    if (problem !== null) return reply.code(400).send({ code: 'invalid_parameter', message: problem })
    accept(account, input)
    return reply.code(204).send()
  })
  installBatch(server, account)
  installList(server, account)
}

function accept(account: BrevoAccount, input: EventInput): void {
  const email = input.identifiers?.email_id?.toLowerCase() ?? null
  const contact = email === null ? undefined : account.contacts.get(email)
  // They update the contact that is there (brevo-api.md § 2.10).
  if (contact !== undefined && input.contact_properties !== undefined)
    account.setAttributes(contact, input.contact_properties)
  account.addEvent({
    contactId: contact?.id ?? null,
    email,
    name: String(input.event_name),
    date: input.event_date ?? new Date(account.now()).toISOString(),
    properties: input.event_properties ?? {},
    contactProperties: input.contact_properties ?? {},
  })
}

function installBatch(server: FastifyInstance, account: BrevoAccount): void {
  server.post('/v3/events/batch', { bodyLimit: BATCH_LIMIT }, (request, reply) => {
    const events = (request.body as { events?: EventInput[] }).events
    if (!Array.isArray(events) || events.length === 0 || events.length > 200) {
      return reply
        .code(400)
        .send({ code: 'invalid_parameter', message: 'events must hold between 1 and 200 items' })
    }
    const failures = new Map<string, number[]>()
    for (const [index, input] of events.entries()) {
      const problem = findProblem(input)
      if (problem === null) accept(account, input)
      else failures.set(problem, [...(failures.get(problem) ?? []), index])
    }
    const failed = [...failures.values()].flat().length
    if (failed === 0) {
      return reply.code(202).send({
        message: 'Batch accepted. Valid events have been added to the processing queue.',
        count: events.length,
      })
    }
    return reply.code(failed === events.length ? 400 : 207).send({
      status: failed === events.length ? 'failed' : 'partiallyQueued',
      total_events: events.length,
      successful_events: events.length - failed,
      failed_events: failed,
      errors: [...failures].map(([message, eventIndex]) => ({ eventIndex, message })),
    })
  })
}

function installList(server: FastifyInstance, account: BrevoAccount): void {
  server.get('/v3/events', (request) => {
    const query = request.query as {
      limit?: string
      offset?: string
      startDate?: string
      endDate?: string
      event_name?: string | string[]
    }
    const names = query.event_name === undefined ? null : [query.event_name].flat()
    const found = account.events
      .filter((one) => one.receivedAt + account.eventLagMs <= account.now())
      .filter((one) => names === null || names.includes(one.name))
      .filter(
        (one) =>
          (query.startDate === undefined || one.date >= query.startDate) &&
          (query.endDate === undefined || one.date <= query.endDate),
      )
      .sort((a, b) => b.date.localeCompare(a.date))
    const offset = Number(query.offset ?? 0)
    return {
      events: found.slice(offset, offset + Number(query.limit ?? 100)).map((one) => ({
        contact_id: one.contactId,
        event_date: one.date,
        event_name: one.name,
        event_filter_id: '',
        object_type: '',
        event_properties: one.properties,
        contact_properties: one.contactProperties,
      })),
      count: found.length,
    }
  })
}

function findProblem(input: EventInput): string | null {
  if (typeof input.event_name !== 'string') return 'undefined event_name'
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.event_name)) return 'invalid event_name'
  const { email_id: email, contact_id: id } = input.identifiers ?? {}
  if (email === undefined && id === undefined) return 'Please pass at least one identifier or contact id'
  const properties = input.event_properties ?? {}
  if (Object.keys(properties).some((key) => !/^[A-Za-z0-9_-]{1,255}$/.test(key)))
    return 'invalid property name'
  return Buffer.byteLength(JSON.stringify(properties)) > PROPERTIES_LIMIT
    ? 'event_properties too large'
    : null
}
