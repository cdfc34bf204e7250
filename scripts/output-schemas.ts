// The shapes of what commands print with --json, as JSON Schema. They are versioned: a key is added freely, and none changes its
// meaning or goes without a new `version`. test/e2e holds real output against them.
import { Type, type TSchema } from '@sinclair/typebox'

import { extract, extractDryRun } from './output-extract.ts'
import { byName, count, nullable, shape, text, version } from './output-shapes.ts'

const changedContact = shape({
  email: Type.String(),
  change: Type.Union([Type.Literal('create'), Type.Literal('update')]),
  renamed_from: nullable(Type.String(), 'The address that it has now; null where it keeps it.'),
  blocked: Type.Boolean({
    description: 'True where it gets no e-mails from then on: its person was blocked under another address.',
  }),
  attributes: byName(
    shape({
      old: Type.Unknown(),
      new: Type.Unknown(),
      from: Type.Optional(
        Type.Array(Type.String(), {
          description: 'Whose records it is from; only where there are several connectors.',
        }),
      ),
    }),
    'What Brevo holds, and what it will hold; null: nothing.',
  ),
  lists: shape({ add: Type.Array(Type.Integer()), remove: Type.Array(Type.Integer()) }),
})
const lists = byName(
  shape({ name: Type.String(), add: count(), remove: count() }),
  'Memberships given and taken, by id of the list.',
)
const attributeCounts = byName(count(), 'Attribute → in how many contacts it changes.')
const place = { file: Type.String(), line: Type.Integer({ minimum: 0 }) }

const plan = shape({
  version,
  made_at: text('ISO 8601.'),
  config: shape({ file: Type.String(), sha256: text('Of its text.') }),
  connectors: Type.Array(Type.String()),
  sample: nullable(count(), 'So many customers were looked at; null: all.'),
  contacts: shape({
    create: count(),
    update: count(),
    unchanged: count(),
    skipped: count(
      'Customers without an address, the shop’s own, contacts that were set aside or deleted in Brevo, and those that are not to be made.',
    ),
  }),
  lists,
  attributes: attributeCounts,
  events: byName(
    shape({
      send: count(),
      hold: count('Recorded, and waiting.'),
      too_old: count(),
      not_met: count('Their `when` is not true.'),
    }),
    'By name of the event in Brevo.',
  ),
  campaigns: byName(shape({ fire: count(), hold: count(), drop: count() }), 'What each campaign decides.'),
  requests: shape({ source: count(), brevo: count() }, 'What the sync asks of both sides.'),
  seconds: count('How long that takes at their limits.'),
  guard: nullable(
    shape({ would_remove: count(), limit: count() }),
    'Set where guards.max_removals would stop the sync.',
  ),
  complete: Type.Boolean({ description: 'False where something waits for an earlier answer.' }),
  warnings: Type.Array(Type.String()),
  samples: Type.Array(changedContact),
  held: Type.Array(
    shape({
      event_id: Type.String(),
      name: Type.String(),
      campaign: nullable(Type.String()),
      email: Type.String(),
      at: text('When it happened; ISO 8601.'),
      state: Type.Union(['hold', 'too_old', 'not_met', 'drop'].map((one) => Type.Literal(one))),
      reason: Type.String(),
    }),
    { description: 'Events and campaigns that do not fire, or not now.' },
  ),
})

const value = Type.Union([
  Type.String(),
  Type.Number(),
  Type.Boolean(),
  Type.Array(Type.String()),
  Type.Null(),
])
const explain = nullable(
  shape({
    version,
    email: Type.String(),
    contact: text('One sentence: whether it is in Brevo.'),
    confirming: Type.Boolean({
      description:
        'A write was not answered: what Brevo holds may be ahead of `value`, and is written once more.',
    }),
    attributes: byName(
      Type.Object(
        {
          value,
          wanted: Type.Optional(value),
          from: Type.Array(
            shape({
              connector: Type.String({ description: 'The connector that read the record.' }),
              record: Type.Union(
                ['customer', 'ticket', 'satisfaction_survey'].map((one) => Type.Literal(one)),
              ),
              id: Type.String(),
              field: Type.String(),
            }),
            { description: 'The records that the value was computed from.' },
          ),
          mapping: nullable(shape({ ...place, field: Type.String(), expression: nullable(Type.String()) })),
          sent_at: nullable(Type.String()),
          previous: value,
        },
        {
          additionalProperties: false,
          description:
            'value: what Brevo was last told. wanted: what the mapping gives by now, where that differs. previous: what was sent before.',
        },
      ),
      'By name.',
    ),
    lists: byName(
      shape({
        name: Type.String(),
        member: Type.Boolean(),
        reason: Type.String(),
        mapping: nullable(shape(place)),
      }),
      'By id of the list.',
    ),
    events: Type.Array(
      shape({
        name: Type.String(),
        event_id: Type.String(),
        state: Type.Union(
          ['sent', 'pending', 'held', 'too_old', 'not_met', 'refused'].map((one) => Type.Literal(one)),
        ),
        reason: Type.String(),
        at: Type.String(),
      }),
    ),
    campaigns: Type.Array(
      shape({
        campaign: Type.String(),
        event_id: Type.String(),
        state: Type.Union(['waiting', 'held', 'fired', 'dropped'].map((one) => Type.Literal(one))),
        reason: Type.String(),
        at: Type.String(),
      }),
    ),
  }),
  'Null: nothing is known of the address (exit code 1).',
)

const explainList = shape({
  version,
  list: Type.Integer(),
  name: Type.String(),
  mapping: Type.Array(shape({ ...place, rule: Type.String() })),
  counts: shape({ given: count(), giving: count(), found: count(), left: count() }),
  contacts: Type.Array(shape({ email: Type.String(), member: Type.Boolean(), reason: Type.String() })),
})

const explainAttribute = shape({
  version,
  attribute: Type.String(),
  type: nullable(Type.String()),
  mapping: nullable(shape({ ...place, field: Type.String(), expression: nullable(Type.String()) })),
  about: Type.String(),
  values: Type.Array(shape({ value: Type.Unknown(), contacts: count() })),
  distinct: count(),
})

const validate = shape({
  version,
  file: Type.String(),
  valid: Type.Boolean(),
  online: Type.Boolean(),
  complaints: Type.Array(
    shape({
      line: Type.Integer(),
      column: Type.Integer(),
      path: text('Keys, with points between them; empty for the whole file.'),
      message: Type.String(),
      severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
    }),
  ),
})

const diffConfig = shape({
  version,
  before: Type.String(),
  after: Type.String(),
  contacts: shape({ change: count(), same: count() }),
  attributes: attributeCounts,
  lists,
  events: Type.Array(
    shape({ occurrence: Type.String(), before: nullable(Type.String()), after: nullable(Type.String()) }),
  ),
  campaigns: Type.Array(
    shape({
      name: Type.String(),
      change: Type.Union(['added', 'removed', 'changed'].map((one) => Type.Literal(one))),
      waiting: count('Decisions that are still to come.'),
    }),
  ),
  warnings: Type.Array(Type.String()),
  samples: Type.Array(changedContact),
})

const doctor = shape({
  version,
  ok: Type.Boolean(),
  checks: Type.Array(
    shape({
      check: Type.String(),
      state: Type.Union(['ok', 'warning', 'problem'].map((one) => Type.Literal(one))),
      message: Type.String(),
      next: nullable(Type.String(), 'The exact next command.'),
    }),
  ),
})

const testMapping = shape({
  version,
  passed: count(),
  failed: count(),
  tests: Type.Array(
    shape({
      name: Type.String(),
      where: Type.String(),
      passed: Type.Boolean(),
      differences: Type.Array(Type.String()),
    }),
  ),
})

/** By the name of the file in schema/, and the command that prints it. */
export const OUTPUTS: Record<string, { command: string; schema: TSchema }> = {
  plan: { command: 'tajo plan --json', schema: plan },
  explain: { command: 'tajo explain EMAIL --json', schema: explain },
  'explain-list': { command: 'tajo explain --list ID --json', schema: explainList },
  'explain-attribute': { command: 'tajo explain --attribute NAME --json', schema: explainAttribute },
  validate: { command: 'tajo validate --json', schema: validate },
  'diff-config': { command: 'tajo diff-config FILE --json', schema: diffConfig },
  'test-mapping': { command: 'tajo test-mapping --json', schema: testMapping },
  doctor: { command: 'tajo doctor --json', schema: doctor },
  extract: { command: 'tajo extract CONNECTOR --json', schema: extract },
  'extract-dry-run': { command: 'tajo extract CONNECTOR --dry-run --json', schema: extractDryRun },
}

export function toOutputSchema(name: string): object {
  const { command, schema } = OUTPUTS[name]!
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: command, ...schema }
}

/** docs/json.md: the shapes, written out. */
export function toOutputReference(): string {
  const parts = Object.entries(OUTPUTS).map(
    ([name, { command, schema }]) =>
      `## \`${command}\`\n\nSchema: [schema/${name}.schema.json](../schema/${name}.schema.json)\n\n\`\`\`text\n${write(schema, '')}\n\`\`\`\n`,
  )
  return `# What commands print with \`--json\`

Generated by \`npm run gen\` from scripts/output-schemas.ts. Each shape has a \`version\`: keys may be added, and none changes its meaning
or goes without a new one. What goes wrong is said on standard error; the exit code is the same as without \`--json\`.

${parts.join('\n')}`
}

interface Written {
  type?: string
  const?: unknown
  anyOf?: Written[]
  properties?: Record<string, Written>
  patternProperties?: Record<string, Written>
  items?: Written
  description?: string
  required?: string[]
}

function write(schema: Written, indent: string): string {
  const { anyOf, properties, patternProperties, items } = schema
  if (anyOf !== undefined) return anyOf.map((one) => write(one, indent)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (items !== undefined) return `[ ${write(items, indent)} ]`
  if (patternProperties !== undefined)
    return `{ "<name>": ${write(Object.values(patternProperties)[0]!, indent)} }`
  if (properties === undefined) return schema.type ?? 'any value'
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([key, one]) => {
    const optional = schema.required?.includes(key) === true ? '' : '?'
    const about = one.description === undefined ? '' : `  // ${one.description}`
    return `${inner}${key}${optional}: ${write(one, inner)}${about}`
  })
  return `{\n${lines.join('\n')}\n${indent}}`
}
