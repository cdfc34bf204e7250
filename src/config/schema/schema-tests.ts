// Tests of a mapping: `tests:` in connectors.yml, or connectors.test.yml beside it.
import { type Static, Type } from '@sinclair/typebox'

import { closed, duration } from './schema-mapping.ts'

const instant = (description: string) => Type.String({ description, examples: ['2026-01-14T09:30:00Z'] })
const when = Type.Optional(
  Type.String({
    description: 'When: a date, or so long after what came before (`+5m`, the default).',
    examples: ['+5m', '2026-01-15T12:00:00Z'],
  }),
)

const customer = Type.Object(
  {
    email: Type.String({ description: 'Whose contact is looked at.' }),
    name: Type.Optional(Type.String()),
    firstname: Type.Optional(Type.String()),
    lastname: Type.Optional(Type.String()),
    language: Type.Optional(Type.String()),
    timezone: Type.Optional(Type.String()),
    external_id: Type.Optional(Type.String()),
    note: Type.Optional(Type.String()),
    created: Type.Optional(instant('When the customer was created.')),
    custom_fields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  closed,
)

const ticket = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: 'A number of your own, to name it by.' }),
    channel: Type.Optional(Type.String({ default: 'email' })),
    subject: Type.Optional(Type.String()),
    tags: Type.Optional(Type.Array(Type.String())),
    assignee: Type.Optional(Type.String({ description: 'The name of an agent.' })),
    spam: Type.Optional(Type.Boolean()),
    created: Type.Optional(instant('When it was opened.')),
    first_response: Type.Optional(instant('When a person of the shop first answered.')),
    closed: Type.Optional(instant('When it was closed; absent: it is open.')),
  },
  closed,
)

const survey = Type.Object(
  {
    ticket: Type.Optional(
      Type.Integer({ minimum: 1, description: 'The number of its ticket; absent: one that is gone.' }),
    ),
    score: Type.Optional(Type.Number({ description: 'Absent: not answered yet.' })),
    scored: Type.Optional(instant('When it was answered.')),
    sent: Type.Optional(instant('When it was sent.')),
  },
  closed,
)

const ticketOf = Type.Integer({ minimum: 1, description: 'The number of the ticket.' })

const happening = Type.Object(
  {
    at: when,
    'ticket.created': Type.Optional(ticket),
    'ticket.closed': Type.Optional(ticketOf),
    'ticket.reopened': Type.Optional(ticketOf),
    'ticket.tagged': Type.Optional(Type.Object({ ticket: ticketOf, tag: Type.String() }, closed)),
    'customer.message': Type.Optional(ticketOf),
    'agent.message': Type.Optional(ticketOf),
    'satisfaction_survey.created': Type.Optional(ticketOf),
    'satisfaction_survey.responded': Type.Optional(
      Type.Object({ ticket: ticketOf, score: Type.Number(), comment: Type.Optional(Type.String()) }, closed),
    ),
  },
  { ...closed, description: 'One thing that happens after the first sync.' },
)

const value = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
  Type.Array(Type.String()),
])

const expectation = Type.Object(
  {
    attributes: Type.Optional(
      Type.Record(Type.String(), value, {
        description: 'What these attributes hold; null: nothing. Others are not looked at.',
      }),
    ),
    lists: Type.Optional(
      Type.Array(Type.Integer(), { description: 'Every list that the contact is in, by id.' }),
    ),
    events: Type.Optional(
      Type.Array(
        Type.Union([
          Type.String(),
          Type.Object(
            { name: Type.String(), properties: Type.Optional(Type.Record(Type.String(), value)) },
            closed,
          ),
        ]),
        { description: 'Every event that was sent, in order; with properties, those are looked at.' },
      ),
    ),
    campaigns: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([
          Type.Literal('fired'),
          Type.Literal('waiting'),
          Type.Literal('held'),
          Type.Literal('dropped'),
          Type.Literal('none'),
        ]),
        { description: 'What each campaign last decided; `none`: there was nothing to decide.' },
      ),
    ),
  },
  closed,
)

export const mappingTest = Type.Object(
  {
    name: Type.String({ description: 'What it shows, as a sentence.' }),
    connector: Type.Optional(
      Type.String({ description: 'Whose helpdesk it is. Default: the first connector that is enabled.' }),
    ),
    start: Type.Optional(
      instant('When the first sync is: what is given happened before. Default: 2026-01-15T10:00:00Z.'),
    ),
    given: Type.Optional(
      Type.Object(
        {
          customer,
          tickets: Type.Optional(Type.Array(ticket)),
          surveys: Type.Optional(Type.Array(survey)),
        },
        {
          ...closed,
          description: 'What the helpdesk holds at the first sync. It is history and fires nothing.',
        },
      ),
    ),
    happens: Type.Optional(Type.Array(happening, { description: 'What happens then, in order.' })),
    wait: Type.Optional(
      Type.String({
        pattern: duration,
        default: '5m',
        description: 'How long after that the contact is looked at.',
      }),
    ),
    expect: expectation,
  },
  closed,
)

export const mappingTests = Type.Array(mappingTest, {
  description: 'Tests of this mapping: `tajo test-mapping` runs them.',
})

export const testsSchema = Type.Object(
  { tests: mappingTests },
  { ...closed, $schema: 'http://json-schema.org/draft-07/schema#', title: 'connectors.test.yml of tajo' },
)

export type MappingTest = Static<typeof mappingTest>
export type Happening = Static<typeof happening>
export type GivenTicket = Static<typeof ticket>
