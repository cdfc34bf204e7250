// The tables that a connector keeps fresh, and the hours that their durations go by.
import { Type } from '@sinclair/typebox'

import { closed } from './schema-mapping.ts'

const words = (what: string, example: Record<string, string>) =>
  Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: `${what} in the workforce layout, by the helpdesk’s word or tajo’s.`,
      examples: [example],
    }),
  )

export const extract = Type.Object(
  {
    to: Type.String({
      minLength: 1,
      description:
        'Where the helpdesk’s tables go: `duckdb://FILE`, `sqlite://FILE`, `postgres://…?schema=NAME`, or a folder.',
      examples: ['duckdb://support.duckdb'],
    }),
    schedule: Type.Optional(
      Type.String({
        description: 'When the daemon keeps them fresh: cron. Default: every 15 minutes (Intercom: 5).',
      }),
    ),
    tables: Type.Optional(
      Type.Array(Type.String(), { description: 'Only these (docs/tables.md). Default: all.' }),
    ),
    format: Type.Optional(
      Type.Union([Type.Literal('csv'), Type.Literal('jsonl'), Type.Literal('parquet')], {
        default: 'csv',
        description: 'Of the files in a folder.',
      }),
    ),
    since: Type.Optional(
      Type.String({
        description: 'How far back the first reading goes: a date, `8w`, `2y`, or `everything`.',
      }),
    ),
    layout: Type.Optional(
      Type.Union([Type.Literal('vendor'), Type.Literal('workforce')], {
        default: 'vendor',
        description:
          '`vendor`: the tables as the helpdesk has them. `workforce`: people, conversations, agent_states and queues, the same for every helpdesk.',
      }),
    ),
    channels: words('What a channel of the helpdesk’s is called', { whatsapp: 'messaging' }),
    status: words('What a status is called', { waiting: 'pending' }),
    states: words('What a state of an agent is called', { occupied: 'busy' }),
  },
  {
    ...closed,
    description: 'The helpdesk as tables, kept fresh by `tajo start` (docs/extract.md). Default: no.',
  },
)

const TIME = '([01]\\d|2[0-3]):[0-5]\\d'
const range = Type.String({ pattern: `^${TIME}-(${TIME}|24:00)$` })
const day = (name: string) =>
  Type.Optional(
    Type.Union([range, Type.Array(range)], {
      description: `When people work on ${name}.`,
      examples: ['09:00-17:30'],
    }),
  )

export const businessHours = Type.Object(
  {
    timezone: Type.Optional(
      Type.String({
        description: 'IANA. Default: that of the file, else UTC.',
        examples: ['Europe/Paris'],
      }),
    ),
    weekdays: day('each day from Monday to Friday that is not named itself'),
    monday: day('Monday'),
    tuesday: day('Tuesday'),
    wednesday: day('Wednesday'),
    thursday: day('Thursday'),
    friday: day('Friday'),
    saturday: day('Saturday'),
    sunday: day('Sunday'),
    closed_on: Type.Optional(
      Type.Array(Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$' }), {
        description: 'Days on which nobody works.',
        examples: [['2026-12-25', '2026-12-26']],
      }),
    ),
  },
  {
    ...closed,
    description:
      'When people work: the workforce layout tells durations within these hours beside those by the clock. Default: none.',
  },
)
