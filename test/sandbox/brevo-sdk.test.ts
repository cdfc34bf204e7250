// The sandbox Brevo as the official SDK sees it: what the fact sheet says must come out of it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrevoClient, BrevoError } from '@getbrevo/brevo'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { EMPTY } from '../support/sandbox.ts'

let sandbox: Sandbox
let brevo: BrevoClient
beforeAll(async () => {
  sandbox = await startSandbox({ size: EMPTY, brevoLimit: null })
  sandbox.brevo.account.importDelayMs = 0
  brevo = new BrevoClient({ apiKey: SANDBOX_KEYS.BREVO_API_KEY, baseUrl: sandbox.brevoUrl, maxRetries: 0 })
})
afterAll(() => sandbox.close())

const refusal = async (call: Promise<unknown>): Promise<{ status: number | undefined; body: unknown }> => {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(BrevoError)
  const { statusCode, body } = error as BrevoError
  return { status: statusCode, body }
}

describe('contacts', () => {
  it('are created with an id, updated without one, and refused as duplicates otherwise', async () => {
    expect(await brevo.contacts.createContact({ email: 'A@example.com' })).toEqual({ id: expect.any(Number) })
    expect(
      await brevo.contacts.createContact({ email: 'a@example.com', updateEnabled: true }),
    ).toBeUndefined()
    expect(await refusal(brevo.contacts.createContact({ email: 'a@example.com' }))).toMatchObject({
      status: 400,
      body: { code: 'duplicate_parameter', metadata: { duplicate_identifiers: ['email'] } },
    })
  })

  it('lose values of the wrong type and unknown attributes without a word', async () => {
    await brevo.contacts.createContact({
      email: 'types@example.com',
      attributes: {
        TICKET_COUNT: '3',
        VIP_STATUS: 'true',
        LAST_SUPPORT_DATE: '11/02/1989',
        NOT_THERE: 'x',
        FIRSTNAME: 'Ok',
      },
    })

    const { attributes } = await brevo.contacts.getContactInfo({ identifier: 'types@example.com' })
    expect(attributes).toEqual({ FIRSTNAME: 'Ok' })
  })

  it('are refused whole for a bad or taken phone', async () => {
    await brevo.contacts.createContact({ email: 'phone@example.com', attributes: { SMS: '+33612345678' } })

    expect(
      await refusal(brevo.contacts.createContact({ email: 'x@example.com', attributes: { SMS: '12' } })),
    ).toMatchObject({ status: 400 })
    expect(
      await refusal(
        brevo.contacts.createContact({ email: 'x@example.com', attributes: { SMS: '+33612345678' } }),
      ),
    ).toMatchObject({
      status: 400,
      body: { code: 'duplicate_parameter', metadata: { duplicate_identifiers: ['SMS'] } },
    })
    expect(await refusal(brevo.contacts.getContactInfo({ identifier: 'x@example.com' }))).toMatchObject({
      status: 404,
    })
    const { attributes } = await brevo.contacts.getContactInfo({ identifier: 'phone@example.com' })
    expect(attributes).toEqual({ SMS: '33612345678' })
  })

  it('who left a list are put back by listIds: that is why tajo must not', async () => {
    await brevo.contacts.createContact({ email: 'left@example.com', listIds: [35] })
    sandbox.brevo.account.leaveList('left@example.com', 35)
    expect(
      (await brevo.contacts.getContactInfo({ identifier: 'left@example.com' })).listUnsubscribed,
    ).toEqual([35])

    await brevo.contacts.createContact({ email: 'left@example.com', listIds: [35], updateEnabled: true })

    expect((await brevo.contacts.getContactInfo({ identifier: 'left@example.com' })).listIds).toEqual([35])
  })
})

describe('an import', () => {
  it('needs a list, runs as a process, and drops false and what does not fit', async () => {
    const rows = [
      { email: 'import@example.com', attributes: { VIP_STATUS: false, TICKET_COUNT: 'x', FIRSTNAME: 'I' } },
    ]
    expect(await refusal(brevo.contacts.importContacts({ jsonBody: rows }))).toMatchObject({ status: 400 })

    const { processId } = await brevo.contacts.importContacts({ jsonBody: rows, listIds: [35] })

    expect(await brevo.process.getProcess({ processId })).toMatchObject({ status: 'completed' })
    const held = await brevo.contacts.getContactInfo({ identifier: 'import@example.com' })
    expect(held).toMatchObject({ attributes: { FIRSTNAME: 'I' }, listIds: [35] })
  })
})

describe('lists', () => {
  it('take 150 at a time, compare in lower case, and answer 400 when nothing was added', async () => {
    await brevo.contacts.createContact({ email: 'list@example.com' })
    const add = (emails: string[]) => brevo.contacts.addContactToList({ listId: 36, body: { emails } })

    expect(await add(['list@example.com', 'LIST@example.com'])).toMatchObject({
      contacts: { success: ['list@example.com'], failure: ['LIST@example.com'] },
    })
    expect(await refusal(add(['list@example.com']))).toMatchObject({
      status: 400,
      body: { code: 'invalid_parameter' },
    })
    expect(await refusal(add(Array.from({ length: 151 }, () => 'list@example.com')))).toMatchObject({
      status: 400,
    })
  })
})

describe('events', () => {
  it('are taken with 204, and listed with their properties', async () => {
    await brevo.event.createEvent({
      event_name: 'one',
      identifiers: { email_id: 'a@example.com' },
      event_properties: { event_id: 'x' },
    })

    const { events } = await brevo.event.getEvents({ event_name: ['one'] })
    expect(events).toMatchObject([{ event_name: 'one', event_properties: { event_id: 'x' } }])
  })

  it('in a batch have an answer each: 202, 207, 400', async () => {
    const good = { event_name: 'batch', identifiers: { email_id: 'a@example.com' } }
    const bad = { event_name: 'not a name', identifiers: { email_id: 'a@example.com' } }

    expect(await brevo.event.createBatchEvents({ events: [good, good] })).toMatchObject({ count: 2 })
    expect(await brevo.event.createBatchEvents({ events: [good, bad] })).toMatchObject({
      status: 'partiallyQueued',
      errors: [{ eventIndex: [1] }],
    })
    expect(await refusal(brevo.event.createBatchEvents({ events: [bad] }))).toMatchObject({
      status: 400,
      body: { status: 'failed' },
    })
  })
})

describe('keys and limits', () => {
  it('are answered with 401, and told in each answer', async () => {
    const stranger = new BrevoClient({ apiKey: 'wrong', baseUrl: sandbox.brevoUrl, maxRetries: 0 })
    expect(await refusal(stranger.contacts.getAttributes())).toMatchObject({
      status: 401,
      body: { code: 'unauthorized' },
    })

    const { rawResponse } = await brevo.contacts.getAttributes().withRawResponse()
    expect(Number(rawResponse.headers.get('x-sib-ratelimit-remaining'))).toBeGreaterThan(0)
  })
})
