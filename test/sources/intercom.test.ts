// What Intercom's fields mean, and what it costs to read them: the source against its own fake, in virtual time.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { TajoError } from '../../src/lib/errors.ts'
import type { HttpAnswer } from '../../src/lib/net/http.ts'
import type { SourceRecord } from '../../src/model/records.ts'
import { fromMs } from '../../src/model/time.ts'
import type { Page } from '../../src/sources/source.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'

const INTERCOM = requireSubject('intercom')

let bench: Bench
beforeEach(() => {
  bench = openBench(INTERCOM)
})
afterEach(() => bench.close())

type Kind = SourceRecord['kind']
type Of<K extends Kind> = Extract<SourceRecord, { kind: K }>

async function read<K extends Kind>(stream: 'customers' | 'tickets', kind: K): Promise<Of<K>[]> {
  const pages: Page[] = []
  const reading = async (): Promise<void> => {
    for await (const page of bench.source().read(stream, { token: null, from: null, until: null }))
      pages.push(page)
  }
  await bench.drive(reading())
  return pages.flatMap((page) => page.records).filter((one): one is Of<K> => one.kind === kind)
}

/** The first conversation of a search, otherwise. */
function bend(change: (item: Record<string, unknown>) => void): void {
  bench.meet(async (request, answer): Promise<HttpAnswer> => {
    const given = await answer()
    if (!request.url.endsWith('/conversations/search')) return given
    const json = JSON.parse(given.body) as { conversations: Record<string, unknown>[] }
    change(json.conversations[0]!)
    return { ...given, body: JSON.stringify(json) }
  })
}

describe('a conversation', () => {
  it.each([
    ['open', 'open', null],
    ['closed', 'closed', null],
    ['snoozed', 'closed', 1_800_000_000],
  ])('that is %s', async (state, status, until) => {
    await bench.fill(1)
    bend((item) => Object.assign(item, { state, snoozed_until: until }))

    const [ticket] = await read('tickets', 'ticket')

    expect(ticket).toMatchObject({
      status,
      snoozedUntil: until === null ? null : fromMs(until * 1000),
    })
  })

  it.each([
    ['conversation', 'chat'],
    ['email', 'email'],
    ['phone_call', 'phone'],
    ['whatsapp', 'social'],
    ['instagram', 'social'],
    ['sms', 'sms'],
    ['something_new', 'something_new'],
  ])('that came by %s is by %s', async (type, channel) => {
    await bench.fill(1)
    bend((item) => Object.assign(item['source'] as object, { type }))

    expect(await read('tickets', 'ticket')).toMatchObject([{ channel, channelSource: type }])
  })

  it('keeps its title, and nothing that anybody wrote', async () => {
    await bench.fill(1)

    const records = [...(await read('tickets', 'ticket')), ...(await read('tickets', 'message'))]

    expect(records[0]).toMatchObject({ subject: 'Where is it?' })
    expect(JSON.stringify(records)).not.toMatch(/wrote/)
  })

  it('was answered when a person first replied, by the wall clock and not within office hours', async () => {
    await bench.fill(1)
    bend((item) =>
      Object.assign(item['statistics'] as object, {
        first_contact_reply_at: 1_772_352_000,
        first_admin_reply_at: 1_772_352_600,
        time_to_admin_reply: 60,
      }),
    )

    expect(await read('tickets', 'ticket')).toMatchObject([
      { firstResponse: { at: fromMs(1_772_352_600_000), isFinal: false } },
    ])
  })

  it('without statistics was not answered so far', async () => {
    await bench.fill(1)
    bend((item) => (item['statistics'] = null))

    expect(await read('tickets', 'message')).toEqual([])
    expect(await read('tickets', 'ticket')).toMatchObject([{ closedAt: null }])
  })

  it.each([[0], [null]])('assigned to %j is assigned to nobody', async (id) => {
    await bench.fill(1)
    bend((item) => (item['admin_assignee_id'] = id))

    expect(await read('tickets', 'ticket')).toMatchObject([{ assigneeName: null }])
  })

  it.each([[1], ['1']])('names whom it is assigned to, whether %j is a number or not', async (id) => {
    await bench.fill(1)
    bend((item) => (item['admin_assignee_id'] = id))

    expect(await read('tickets', 'ticket')).toMatchObject([{ assigneeName: 'Ann Agent' }])
  })

  it('assigned to somebody who is no admin any more is assigned to nobody, and the admins are asked for once', async () => {
    await bench.fill(1)
    bend((item) => (item['admin_assignee_id'] = 77))
    const source = bench.source()
    const reading = async (): Promise<SourceRecord[]> => {
      const found: SourceRecord[] = []
      for await (const page of source.read('tickets', { token: null, from: null, until: null }))
        found.push(...page.records)
      return found
    }

    expect(await bench.drive(reading())).toContainEqual(expect.objectContaining({ assigneeName: null }))
    await bench.drive(reading())
    expect(bench.requests.filter((one) => one.url.endsWith('/admins'))).toHaveLength(1)
  })

  it('of nobody is read all the same', async () => {
    await bench.fill(1)
    bend((item) => (item['contacts'] = { type: 'contact.list', contacts: [] }))

    expect(await read('tickets', 'ticket')).toMatchObject([{ customerId: null, customer: null }])
  })

  it('names its customer’s address only where they began it', async () => {
    await bench.fill(1)
    expect(await read('tickets', 'ticket')).toMatchObject([
      { customer: { email: 'person0@example.com', stub: true } },
    ])

    bend(
      (item) =>
        (item['source'] = { type: 'email', author: { type: 'admin', id: '1', email: 'a@shop.example' } }),
    )
    expect(await read('tickets', 'ticket')).toMatchObject([{ customer: { email: null, stub: true } }])
  })
})

describe('a contact', () => {
  it('has its custom attributes as custom fields, by their labels', async () => {
    bench.world.fields.push({
      id: 7,
      label: 'Tier',
      type: 'text',
      managedType: null,
      created: bench.world.now(),
    })
    bench.world.addCustomer({ email: 'jane@example.com', customFields: { 7: 'gold' } })
    bench.account.addAttribute('TIER', 'text')
    await bench.pass(600)

    await bench.sync(bench.yaml('    field_mapping: { custom_fields.tier: TIER }\n'))

    expect(bench.account.contacts.get('jane@example.com')?.attributes).toMatchObject({ TIER: 'gold' })
  })

  it('that is a lead is a customer, too', async () => {
    bench.world.addCustomer({ email: null, name: 'Nobody yet' })
    await bench.pass(600)

    expect(await read('customers', 'customer')).toMatchObject([{ email: null, name: 'Nobody yet' }])
  })
})

it('a contact that no search shows so far is read with the conversation that names it', async () => {
  bench.account.addAttribute('TICKET_COUNT', 'float')
  const yaml = bench.yaml('    field_mapping: { nb_tickets: TICKET_COUNT }\n')
  await bench.sync(yaml)
  const { id } = bench.world.addCustomer({ email: 'new@example.com' })
  bench.world.addMessage(bench.world.addTicket({ customerId: id }).id)

  await bench.sync(yaml)

  expect(bench.account.contacts.get('new@example.com')?.attributes).toMatchObject({ TICKET_COUNT: 1 })
})

describe('a rating', () => {
  it('that was only asked for has no score; one that was given has', async () => {
    const [ticket] = await bench.fill(1)
    expect(await read('tickets', 'satisfaction_survey')).toMatchObject([{ score: null, scoredAt: null }])

    const [survey] = [...bench.world.surveys.values()]
    bench.world.scoreSurvey(survey!.id, 4, { comment: 'Thank you!' })
    const at = Math.floor(survey!.scored! / 1_000_000) * 1_000_000

    expect(await read('tickets', 'satisfaction_survey')).toMatchObject([
      { id: `${ticket!.id}/rating`, score: 4, comment: 'Thank you!', scoredAt: at },
    ])
  })

  it('of the AI agent is none', async () => {
    await bench.fill(1)
    bend((item) => Object.assign(item, { conversation_rating: null, ai_agent: { rating: 5 } }))

    expect(await read('tickets', 'satisfaction_survey')).toEqual([])
  })

  it('without a date is set aside, and its conversation is read', async () => {
    await bench.fill(1)
    bend((item) => (item['conversation_rating'] = { rating: 5 }))
    const pages: Page[] = []
    const reading = async (): Promise<void> => {
      for await (const page of bench.source().read('tickets', { token: null, from: null, until: null }))
        pages.push(page)
    }
    await bench.drive(reading())

    expect(pages.flatMap((page) => page.records).map((one) => one.kind)).toContain('ticket')
    expect(pages.flatMap((page) => page.invalid)).toMatchObject([{ stream: 'satisfaction_surveys' }])
  })
})

describe('a long search', () => {
  it('begins anew after some pages at the date that it has come to, and reads each conversation', async () => {
    bench = openBench(INTERCOM, { index: { lagMs: 0, mostPerPage: 1 } })
    await bench.fill(120)

    const ids = (await read('tickets', 'ticket')).map(({ id }) => id)

    expect(new Set(ids).size).toBe(120)
    expect(ids.length).toBeLessThan(126)
    const bounds = bench.requests
      .filter((one) => one.url.endsWith('/conversations/search'))
      .map((one) => JSON.stringify((JSON.parse(one.body ?? '{}') as { query: object }).query))
    expect(new Set(bounds).size).toBe(3)
  })

  it('that gives the same cursor again and again is an error, and not read for ever', async () => {
    await bench.fill(1)
    bench.meet(async (request, answer): Promise<HttpAnswer> => {
      const given = await answer()
      if (!request.url.endsWith('/conversations/search')) return given
      const pages = { type: 'pages', next: { starting_after: 'again' } }
      const body = JSON.stringify({ type: 'conversation.list', conversations: [], pages })
      return { ...given, status: 200, body }
    })

    await expect(read('tickets', 'ticket')).rejects.toMatchObject({ code: 'source_cursor_loops' })
  })

  it('goes on through a second in which more changed than a slice holds', async () => {
    bench = openBench(INTERCOM, { index: { lagMs: 0, mostPerPage: 1 } })
    const { id: customerId } = bench.world.addCustomer({ email: 'jane@example.com' })
    const at = bench.world.now()
    for (let count = 0; count < 70; count += 1)
      bench.world.addTicket({ customerId, created: at, updated: at })
    await bench.pass(600)

    const ids = (await read('tickets', 'ticket')).map(({ id }) => id)

    expect(new Set(ids).size).toBe(70)
  })

  it('goes on from any token, in another process', async () => {
    bench = openBench(INTERCOM, { index: { lagMs: 0, mostPerPage: 1 } })
    await bench.fill(60)
    const collect = async (token: string | null): Promise<Page[]> => {
      const pages: Page[] = []
      const reading = async (): Promise<void> => {
        for await (const page of bench.source().read('tickets', { token, from: null, until: null }))
          pages.push(page)
      }
      await bench.drive(reading())
      return pages
    }
    const idsOf = (pages: Page[]): string[] =>
      pages.flatMap(({ records }) => records.filter((one) => one.kind === 'ticket').map(({ id }) => id))

    const pages = await collect(null)

    for (const index of [0, 10, 48, 49, 50, 55]) {
      expect(idsOf(await collect(pages[index]!.next))).toEqual(idsOf(pages.slice(index + 1)))
    }
  })
})

describe('what it costs', () => {
  const yaml = (): string =>
    bench.yaml('    field_mapping: { nb_tickets: TICKET_COUNT, avg_response_time: AVG_RESPONSE_TIME }\n')

  beforeEach(() => {
    bench.account.addAttribute('TICKET_COUNT', 'float')
    bench.account.addAttribute('AVG_RESPONSE_TIME', 'float')
  })

  it('a first sync asks once for each 150 contacts and 150 conversations, and little more', async () => {
    await bench.fill(450)

    await bench.sync(yaml())

    expect(bench.requests.length).toBeLessThanOrEqual(3 + 3 + 8)
    expect(
      bench.requests.filter((one) => one.method === 'GET').map((one) => new URL(one.url).pathname),
    ).toEqual(expect.not.arrayContaining([expect.stringMatching(/^\/(conversations|contacts)\/(?!deleted)/)]))
  })

  it('a poll that finds nothing asks four times at most', async () => {
    await bench.fill(20)
    await bench.sync(yaml())
    await bench.pass(600)
    await bench.sync(yaml(), { settling: false })
    await bench.pass(600)
    const before = bench.requests.length

    await bench.sync(yaml(), { settling: false })

    expect(bench.requests.slice(before).map((one) => new URL(one.url).pathname)).toEqual(
      expect.arrayContaining(['/contacts/search', '/conversations/search']),
    )
    expect(bench.requests.length - before).toBeLessThanOrEqual(4)
  })

  it('every request speaks one version, and has the token in its header alone', async () => {
    await bench.fill(2)
    await bench.sync(yaml())

    expect(new Set(bench.requests.map((one) => one.headers['intercom-version']))).toEqual(new Set(['2.16']))
    expect(bench.requests.some((one) => one.url.includes('sandbox-intercom-token'))).toBe(false)
  })
})

describe('connectors.yml', () => {
  const { account, findMistakes, mend } = INTERCOM.definition

  it('needs a region, or an address', () => {
    expect(findMistakes({})).toHaveLength(1)
    expect(findMistakes({ region: 'au' })).toEqual([])
  })

  it('keeps two workspaces of one region apart by their ids', () => {
    expect(account({ region: 'eu' })).toBe('intercom.eu')
    expect(account({ region: 'eu', workspace: 'abc12xyz' })).toBe('abc12xyz')
  })

  it('knows what was meant by a region', () => {
    expect(mend('region', 'api.eu.intercom.io')).toMatchObject({ meant: 'eu' })
    expect(mend('region', 'Europe')).toMatchObject({ meant: null })
  })
})

it.each(['agents', 'custom_fields', 'tags', 'deleted_tickets'] as const)(
  'a list of %s that does not say that it is one is not believed',
  async (directory) => {
    bench.meet(async (_, answer): Promise<HttpAnswer> => {
      const given = await answer()
      const body = JSON.stringify({ data: [], admins: [], teams: [], conversations: [] })
      return { ...given, body }
    })
    const reading = async (): Promise<void> => {
      for await (const _ of bench.source({ retries: 0 }).readDirectory(directory)) void _
    }

    await expect(bench.drive(reading())).rejects.toMatchObject({ code: 'source_unreadable' })
  },
)

describe('a token', () => {
  const refuse = (path: RegExp): void =>
    bench.meet(async (request, answer): Promise<HttpAnswer> => {
      const given = await answer()
      if (!path.test(new URL(request.url).pathname)) return given
      const errors = [{ code: 'unauthorized', message: 'Access Token Invalid' }]
      return { ...given, status: 401, body: JSON.stringify({ type: 'error.list', errors }) }
    })
  const message = async (reading: Promise<unknown>): Promise<[string, string | undefined]> => {
    const error = (await reading.catch((thrown: unknown) => thrown)) as TajoError
    return [error.message, error.hint]
  }

  it.each([
    ['/conversations/search', 'tickets', 'Read conversations'],
    ['/contacts/search', 'customers', 'Read and list users and companies'],
  ] as const)(
    'that may not ask %s is told from a wrong one, by the permission that it lacks',
    async (path, stream, name) => {
      await bench.fill(1)
      refuse(new RegExp(path))

      const [said, hint] = await message(read(stream, 'ticket'))

      expect(said).toContain(`lets this key in, but not to ${path}`)
      expect(hint).toContain(name)
    },
  )

  it('that is wrong, or was revoked, is one clear error', async () => {
    await bench.fill(1)
    refuse(/./)

    const [said, hint] = await message(read('tickets', 'ticket'))

    expect(said).toBe('Intercom refused the API key (401).')
    expect(hint).toContain('Configure → Authentication')
  })
})

describe('a webhook', () => {
  const { receiver } = INTERCOM.definition
  const hear = (topic: string, item: object, options: Record<string, unknown> = {}): unknown =>
    receiver!.hear({ type: 'notification_event', topic, app_id: 'abc12xyz', data: { item } }, options)

  it.each<[string, object, object[]]>([
    ['conversation.admin.closed', { type: 'conversation', id: '7' }, [{ kind: 'ticket', id: '7' }]],
    ['conversation.deleted', { type: 'conversation', id: 7 }, [{ kind: 'ticket', id: '7' }]],
    [
      'conversation_part.tag.created',
      { type: 'conversation_part', id: '9', conversation: { id: '7' } },
      [{ kind: 'ticket', id: '7' }],
    ],
    ['contact.user.updated', { type: 'contact', id: 'a' }, [{ kind: 'customer', id: 'a' }]],
    [
      'contact.merged',
      { type: 'contact', id: 'a', merged_from: { type: 'contact', id: 'b' } },
      [
        { kind: 'customer', id: 'a' },
        { kind: 'customer', id: 'b' },
      ],
    ],
    ['call.started', { type: 'call', id: '3' }, []],
  ])('of %s names what is read again', (topic, item, expected) => {
    expect(hear(topic, item)).toEqual(expected)
  })

  it('of another workspace is nobody’s', () => {
    const item = { type: 'conversation', id: '7' }

    expect(hear('conversation.admin.closed', item, { workspace: 'abc12xyz' })).toHaveLength(1)
    expect(hear('conversation.admin.closed', item, { workspace: 'other' })).toEqual([])
  })

  it('is answered with 200, and its address to HEAD', () => {
    expect([receiver!.accepts, receiver!.answersHead]).toEqual([200, true])
  })
})

it.each([
  [814_865, 'Support'],
  ['814865', 'Support'],
  [0, null],
  [77, null],
])('a conversation of the team %j is of %j', async (id, groupName) => {
  await bench.fill(1)
  bend((item) => (item['team_assignee_id'] = id))

  expect(await read('tickets', 'ticket')).toMatchObject([{ groupName }])
})
