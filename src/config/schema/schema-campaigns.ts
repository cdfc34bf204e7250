// The keys of connectors.yml about campaigns and contacts in support.
import { listId } from './schema-lists.ts'
import { Type } from '@sinclair/typebox'

import { OCCURRENCE_TYPES, type OccurrenceType } from '../../model/occurrence.ts'
import { attributeName, closed, duration, eventName, expression } from './schema-mapping.ts'

const span = (description: string, examples: string[] = []) =>
  Type.Optional(Type.String({ pattern: duration, description, examples }))
const time = (description: string) =>
  Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description, examples: ['21:00'] })

const guards = Type.Optional(
  Type.Object(
    {
      not_while_open_tickets: Type.Optional(
        Type.Boolean({ default: false, description: 'Not for a contact who has an open ticket.' }),
      ),
      cooldown: span('At most once in this time for each contact.', ['14d']),
      quiet_hours: Type.Optional(
        Type.Object(
          {
            from: time('Held from then on.'),
            to: time('Fires from then on.'),
            timezone: Type.Optional(
              Type.String({
                default: 'contact',
                description: 'IANA, or `contact`: the contact’s own, and `timezone` where that is not known.',
              }),
            ),
          },
          { ...closed, description: 'Held at night.' },
        ),
      ),
      not_after_score_below: Type.Optional(
        Type.Object(
          {
            score: Type.Number({ minimum: 1, maximum: 5, description: 'A score below this one …' }),
            for: Type.String({ pattern: duration, description: '… keeps the campaign away for so long.' }),
          },
          { ...closed, description: 'Not after a bad experience.' },
        ),
      ),
      max_per_day: Type.Optional(
        Type.Integer({ minimum: 1, description: 'At most so often in 24 hours; the others are held.' }),
      ),
    },
    { ...closed, description: 'When it does not fire.' },
  ),
)

export const campaigns = Type.Optional(
  Type.Record(
    Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$' }),
    Type.Object(
      {
        on: Type.Unsafe<OccurrenceType>({
          type: 'string',
          enum: [...OCCURRENCE_TYPES],
          description: 'What it waits for.',
        }),
        when: Type.Optional(
          expression('Fires only if this is true at that moment: CEL, such as `satisfaction_score >= 4`.'),
        ),
        event: Type.Optional(
          Type.String({
            pattern: eventName.pattern!,
            description: 'The event that starts the Brevo automation. Default: the campaign’s name.',
          }),
        ),
        params: Type.Optional(
          Type.Record(
            Type.String({ pattern: '^[A-Za-z0-9_-]{1,255}$' }),
            expression('CEL, such as `assignee.name`.'),
            { ...closed, description: 'Properties of the event, each computed.' },
          ),
        ),
        delay: span('Waits so long; then everything is looked at again before it fires.', ['2h']),
        max_age: span('What could not fire so long after its time never does. Default: 7d.'),
        guards,
      },
      closed,
    ),
    { ...closed, description: 'Events that start a campaign after support, and when they must not.' },
  ),
)

export const inSupport = Type.Optional(
  Type.Object(
    {
      attribute: Type.Optional(attributeName),
      list: listId('Id of a Brevo list.'),
      release_after: Type.Optional(
        Type.String({
          pattern: duration,
          default: '24h',
          description: 'So long after the last ticket closed it is released.',
        }),
      ),
    },
    {
      ...closed,
      description:
        'An attribute (true/false) and a list that hold who is in support now, so that marketers can leave them out everywhere.',
    },
  ),
)

export const timezone = Type.Optional(
  Type.String({
    default: 'UTC',
    description: 'The shop’s time zone (IANA), where a contact’s is not known.',
    examples: ['Europe/Paris'],
  }),
)
