// The mapping keys of connectors.yml: fields, events, and the expressions in them.
import { type Static, type TOptional, Type } from '@sinclair/typebox'

import { COMPUTED_TYPES } from '../../mapping/compile.ts'
import { UNITS } from '../../mapping/fields.ts'
import { OCCURRENCE_TYPES, type OccurrenceType } from '../../model/occurrence.ts'

export const closed = { additionalProperties: false } as const
export const duration = '^\\d+(\\.\\d+)?\\s*[smhdw]$'

export const attributeName = Type.String({
  pattern: '^([A-Z][A-Z0-9_-]{0,254}|email)$',
  description: 'Name of a Brevo contact attribute, in capitals.',
})

export const expression = (description: string) =>
  Type.String({ minLength: 1, maxLength: 1_000, description })

const fieldTarget = Type.Union(
  [
    attributeName,
    Type.Object(
      {
        attribute: Type.Optional(attributeName),
        value: Type.Optional(
          expression('Computed instead of read: CEL over the fields, such as `avg_response_time / 60`.'),
        ),
        type: Type.Optional(
          Type.Union(
            COMPUTED_TYPES.map((type) => Type.Literal(type)),
            { description: 'The kind of value that is computed.' },
          ),
        ),
        round: Type.Optional(
          Type.Integer({ minimum: 0, maximum: 6, description: 'Decimals that a number keeps.' }),
        ),
        unit: Type.Optional(
          Type.Union(
            UNITS.map((unit) => Type.Literal(unit)),
            {
              description: 'In which unit a duration such as avg_response_time is written. Default: minutes.',
            },
          ),
        ),
        if_missing: Type.Optional(
          Type.Union([Type.Literal('keep'), Type.Literal('clear')], {
            description:
              'What an unknown value does. Default: `keep` for profile fields, `clear` for metrics, custom fields and computed values.',
          }),
        ),
      },
      closed,
    ),
  ],
  {
    description:
      'A Brevo attribute, or `{ attribute, if_missing, round, unit }`, or `{ value, type }` for an attribute of the name on the left.',
  },
)

export const fieldMapping = Type.Optional(
  Type.Record(Type.String(), fieldTarget, {
    description: 'Helpdesk field → Brevo contact attribute. Fields: docs/definitions.md.',
  }),
)

export const eventName = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,255}$',
  description: 'Name of the event in Brevo.',
})

const eventTarget = Type.Union(
  [
    eventName,
    Type.Object(
      {
        event: eventName,
        when: Type.Optional(
          expression('Told only if this is true: CEL, such as `channel == "email" && nb_tickets < 3`.'),
        ),
        properties: Type.Optional(
          Type.Record(
            Type.String({ pattern: '^[A-Za-z0-9_-]{1,255}$' }),
            expression('CEL, such as `assignee.name`.'),
            { ...closed, description: 'Further properties of the event, each computed.' },
          ),
        ),
        contact_properties: Type.Optional(
          Type.Record(
            Type.String({ pattern: '^[A-Z][A-Z0-9_-]{0,254}$' }),
            expression('CEL, such as `subject`.'),
            { ...closed, description: 'Attributes of the contact that the event sets, each computed.' },
          ),
        ),
        max_age: Type.Optional(
          Type.String({
            pattern: duration,
            description: 'What is first seen later than that after it happened is not told.',
          }),
        ),
      },
      closed,
    ),
  ],
  {
    description: 'The event’s name in Brevo, or `{ event, when, properties, contact_properties, max_age }`.',
  },
)

/** Referred to by name: written out at each kind of occurrence it would be most of the schema. */
export const definitions = { event: eventTarget }
const eventRef = Type.Unsafe<Static<typeof eventTarget>>({ $ref: '#/definitions/event' })

const targets = Object.fromEntries(OCCURRENCE_TYPES.map((type) => [type, Type.Optional(eventRef)])) as Record<
  OccurrenceType,
  TOptional<typeof eventRef>
>

export const eventMapping = Type.Optional(
  Type.Object(targets, {
    ...closed,
    description: 'What happened in the helpdesk → the event that starts your Brevo automation.',
  }),
)
