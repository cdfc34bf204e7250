// The sandbox's Brevo: the part of the v3 API that tajo uses, on loopback, with its limits and its odd answers
// (brevo-api.md § 2-4).
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import { type BrevoAccount, type ContactInput, Refusal, type SandboxContact } from './account.ts'
import { installBrevoEvents } from './events.ts'
import { parseImportFile } from './file.ts'
import { installFaults, type Intercept } from '../faults.ts'
import { FixedWindow } from '../rate-limit.ts'

export interface BrevoOptions {
  /** Takes the routes instead of a new web server. */
  server?: FastifyInstance
  account: BrevoAccount
  apiKey: string
  /** Requests a second to contacts, and to events; null: no limit. */
  perSecond: number | null
}

export interface BrevoSandbox {
  server: FastifyInstance
  account: BrevoAccount
  /** `METHOD /path` → how often it was asked. */
  requests: Map<string, number>
  intercept: Intercept | null
}

const IMPORT_LIMIT = 10 * 1024 * 1024

export function createBrevo(options: BrevoOptions): BrevoSandbox {
  const { account } = options
  const server = options.server ?? fastify({ bodyLimit: IMPORT_LIMIT + 4096 })
  const sandbox: BrevoSandbox = { server, account, requests: new Map(), intercept: null }
  const windows = {
    contacts: new FixedWindow(options.perSecond ?? 1_000_000, 1_000),
    events: new FixedWindow(options.perSecond ?? 1_000_000, 1_000),
    other: new FixedWindow(options.perSecond === null ? 1_000_000 : 100, 3_600_000),
  }

  server.addHook('onRequest', async (request, reply) => {
    const template = `${request.method} ${request.routeOptions.url ?? 'unknown'}`
    sandbox.requests.set(template, (sandbox.requests.get(template) ?? 0) + 1)
    const { allowed, remaining, resetSeconds } = windows[toBucket(request)].take(account.now())
    reply.header('x-sib-ratelimit-limit', String(windows[toBucket(request)].limit))
    reply.header('x-sib-ratelimit-remaining', String(remaining))
    reply.header('x-sib-ratelimit-reset', String(resetSeconds))
    if (!allowed) return reply.code(429).send({ code: 'too_many_requests', message: 'Rate limit exceeded' })
    const key = request.headers['api-key']
    if (key === undefined)
      return reply.code(401).send({ message: 'authentication not found in headers', code: 'unauthorized' })
    if (key !== options.apiKey)
      return reply.code(401).send({ message: 'Key not found', code: 'unauthorized' })
    return undefined
  })
  installFaults(server, () => sandbox.intercept)
  server.setErrorHandler((error, _, reply) => {
    if (error instanceof Refusal)
      return reply.code(400).send({
        code: error.code,
        message: error.message,
        ...(error.metadata === undefined ? {} : { metadata: error.metadata }),
      })
    const status = (error as { statusCode?: number }).statusCode ?? 500
    return reply.code(status).send({ code: 'bad_request', message: (error as Error).message })
  })
  server.setNotFoundHandler((_, reply) =>
    reply.code(404).send({ code: 'document_not_found', message: 'Not found' }),
  )

  server.get('/v3/account', () => ({
    organization_id: 'sandbox',
    companyName: 'Sandbox',
    email: 'owner@shop.example',
    plan: [],
  }))
  installContacts(server, account)
  installImports(server, account)
  installFolders(server, account)
  installLists(server, account)
  installMemberships(server, account)
  installBrevoEvents(server, account)
  return sandbox
}

function toBucket(request: FastifyRequest): 'contacts' | 'events' | 'other' {
  if (request.url.startsWith('/v3/contacts')) return 'contacts'
  return request.method === 'POST' && request.url.startsWith('/v3/events') ? 'events' : 'other'
}

const unknownContact = (reply: FastifyReply) =>
  reply.code(404).send({ code: 'document_not_found', message: 'Contact does not exist' })

function installContacts(server: FastifyInstance, account: BrevoAccount): void {
  const find = (request: FastifyRequest): SandboxContact | undefined => {
    const identifier = decodeURIComponent((request.params as { identifier: string }).identifier)
    return (
      account.contacts.get(identifier) ??
      [...account.contacts.values()].find((one) => String(one.id) === identifier)
    )
  }

  server.get('/v3/contacts/attributes', () => ({ attributes: [...account.attributes.values()] }))
  server.post('/v3/contacts/attributes/:category/:name', (request, reply) => {
    const { category, name } = request.params as { category: string; name: string }
    const body = request.body as {
      type?: string
      enumeration?: { value: number; label: string }[]
      multiCategoryOptions?: string[]
    } | null
    if (body === null || Object.keys(body).length === 0)
      throw new Refusal('missing_parameter', 'No inputs in the body')
    if (account.attributes.has(name)) throw new Refusal('invalid_parameter', 'Attribute name must be unique')
    account.attributes.set(name, { ...body, name, category: category as 'normal' | 'category' })
    return reply.code(201).send()
  })

  server.get('/v3/contacts', (request) => {
    const query = request.query as { limit?: string; offset?: string; modifiedSince?: string; sort?: string }
    const limit = Number(query.limit ?? 50)
    if (!(limit >= 1 && limit <= 1000)) throw new Refusal('out_of_range', 'Limit exceeds max value')
    const since = query.modifiedSince === undefined ? 0 : Date.parse(query.modifiedSince)
    const all = [...account.contacts.values()].filter((one) => one.modifiedAt >= since)
    if (query.sort !== 'asc') all.reverse()
    const offset = Number(query.offset ?? 0)
    return { contacts: all.slice(offset, offset + limit).map((one) => toJson(one)), count: all.length }
  })
  server.post('/v3/contacts', (request, reply) => {
    const body = request.body as ContactInput & { email?: string; updateEnabled?: boolean }
    const email = body.email?.trim().toLowerCase() ?? ''
    if (!/^\S+@\S+\.\S+$/.test(email)) throw new Refusal('invalid_parameter', 'Invalid email address')
    const before = account.contacts.get(email)
    if (before !== undefined && body.updateEnabled !== true) {
      throw new Refusal(
        'duplicate_parameter',
        'Unable to create contact, email is already associated with another Contact',
        { duplicate_identifiers: ['email'] },
      )
    }
    const contact = account.write(email, body)
    return before === undefined ? reply.code(201).send({ id: contact.id }) : reply.code(204).send()
  })
  server.get('/v3/contacts/:identifier', (request, reply) => {
    const contact = find(request)
    return contact === undefined ? unknownContact(reply) : { ...toJson(contact), statistics: {} }
  })
  server.put('/v3/contacts/:identifier', (request, reply) => {
    const contact = find(request)
    if (contact === undefined) return unknownContact(reply)
    account.write(contact.email, request.body as ContactInput)
    return reply.code(204).send()
  })
  server.delete('/v3/contacts/:identifier', (request, reply) => {
    const contact = find(request)
    if (contact === undefined) return unknownContact(reply)
    account.delete(contact.email)
    return reply.code(204).send()
  })
}

/** Phones come back without their plus. */
function toJson(contact: SandboxContact): Record<string, unknown> {
  const { email, id, emailBlacklisted, lists, unsubscribed } = contact
  return {
    email,
    id,
    emailBlacklisted,
    smsBlacklisted: false,
    createdAt: new Date(contact.createdAt).toISOString(),
    modifiedAt: new Date(contact.modifiedAt).toISOString(),
    listIds: [...lists],
    listUnsubscribed: unsubscribed.size === 0 ? null : [...unsubscribed],
    attributes: { ...contact.attributes, ...(contact.extId === null ? {} : { EXT_ID: contact.extId }) },
  }
}

function installImports(server: FastifyInstance, account: BrevoAccount): void {
  server.post('/v3/contacts/import', { bodyLimit: IMPORT_LIMIT }, (request, reply) => {
    const body = request.body as {
      jsonBody?: { email?: unknown; attributes?: Record<string, unknown> }[]
      fileBody?: string
      listIds?: number[]
      newList?: unknown
    }
    if (Array.isArray(body.jsonBody) === (typeof body.fileBody === 'string'))
      throw new Refusal('missing_parameter', 'Exactly one of fileUrl, fileBody and jsonBody is required')
    if ((body.listIds?.length ?? 0) === 0 && body.newList === undefined)
      throw new Refusal('missing_parameter', 'listIds or newList is required')
    for (const list of body.listIds ?? [])
      if (!account.lists.has(list)) throw new Refusal('invalid_parameter', 'List ID does not exist')
    const rows = body.jsonBody ?? parseImportFile(body.fileBody ?? '', account.attributes)
    for (const row of rows) account.importRow(row, body.listIds ?? [], body.jsonBody === undefined)
    const processId = account.nextId()
    account.processes.set(processId, { readyAt: account.now() + account.importDelayMs })
    return reply.code(202).send({ processId })
  })
  server.get('/v3/processes/:id', (request, reply) => {
    const id = Number((request.params as { id: string }).id)
    const process = account.processes.get(id)
    if (process === undefined)
      return reply.code(404).send({ code: 'document_not_found', message: 'processId is invalid' })
    const report = {
      invalid_emails: null,
      duplicate_contact_id: null,
      duplicate_ext_id: null,
      duplicate_email_id: null,
      duplicate_phone_id: null,
    }
    return {
      id,
      name: 'IMPORTUSER',
      status: account.now() < process.readyAt ? 'in_process' : 'completed',
      info: { import: report },
    }
  })
}

function installFolders(server: FastifyInstance, account: BrevoAccount): void {
  server.get('/v3/contacts/folders', (request) => {
    const { limit = '10', offset = '0' } = request.query as { limit?: string; offset?: string }
    const all = [...account.folders].map(([id, name]) => ({ id, name }))
    return { count: all.length, folders: all.slice(Number(offset), Number(offset) + Number(limit)) }
  })
  server.post('/v3/contacts/folders', (request, reply) => {
    const { name } = request.body as { name?: string }
    if (name === undefined) throw new Refusal('missing_parameter', 'Folder name is missing')
    const id = Math.max(0, ...account.folders.keys()) + 1
    account.folders.set(id, name)
    return reply.code(201).send({ id })
  })
}

function installLists(server: FastifyInstance, account: BrevoAccount): void {
  server.get('/v3/contacts/lists', (request) => {
    const { limit = '10', offset = '0' } = request.query as { limit?: string; offset?: string }
    if (Number(limit) > 50) throw new Refusal('out_of_range', 'Limit exceeds max value')
    const all = [...account.lists].map(([id, name]) => ({
      id,
      name,
      folderId: 1,
      uniqueSubscribers: 0,
      totalBlacklisted: 0,
      totalSubscribers: 0,
    }))
    return { count: all.length, lists: all.slice(Number(offset), Number(offset) + Number(limit)) }
  })
  server.post('/v3/contacts/lists', (request, reply) => {
    const { name, folderId } = request.body as { name?: string; folderId?: number }
    if (name === undefined || folderId === undefined)
      throw new Refusal('missing_parameter', 'name and folderId are required')
    if (!account.folders.has(folderId))
      return reply.code(404).send({ code: 'document_not_found', message: 'Folder ID does not exist' })
    const id = account.nextId()
    account.lists.set(id, name)
    return reply.code(201).send({ id })
  })
}

function installMemberships(server: FastifyInstance, account: BrevoAccount): void {
  const change = (
    path: string,
    already: string,
    apply: (contact: SandboxContact, list: number) => boolean,
  ): void => {
    server.post(`/v3/contacts/lists/:id/contacts/${path}`, (request, reply) => {
      const list = Number((request.params as { id: string }).id)
      if (!account.lists.has(list))
        return reply.code(404).send({ code: 'document_not_found', message: 'List ID does not exist' })
      const emails = (request.body as { emails?: string[] }).emails ?? []
      if (emails.length === 0 || emails.length > 150)
        throw new Refusal('invalid_parameter', 'Between 1 and 150 contacts are allowed')
      const success: string[] = []
      const failure: string[] = []
      for (const email of emails) {
        // Compared as it is stored: in lower case.
        const contact = account.contacts.get(email)
        if (contact !== undefined && apply(contact, list)) success.push(email)
        else failure.push(email)
      }
      if (success.length === 0) throw new Refusal('invalid_parameter', already)
      return reply.code(201).send({ contacts: { success, failure } })
    })
  }
  change('add', 'Contact already in list and/or does not exist', (contact, list) => {
    if (contact.lists.has(list)) return false
    account.addToList(contact, list)
    contact.modifiedAt = account.now()
    return true
  })
  change('remove', 'Contact already removed from list and/or does not exist', (contact, list) =>
    contact.lists.delete(list),
  )
}
