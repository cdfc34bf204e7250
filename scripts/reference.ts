// The reference documentation of connectors.yml, from the schema and the table of fields.
import { connectorsSchema } from '../src/config/schema/schema.ts'
import { FIELDS } from '../src/mapping/fields.ts'

interface Node {
  type?: string
  description?: string
  default?: string | number | boolean
  examples?: string[]
  properties?: Record<string, Node>
  patternProperties?: Record<string, Node>
  anyOf?: Node[]
  const?: string | boolean
}

export function toReference(): string {
  const rows: string[] = []
  describe(connectorsSchema, '', rows)
  const fields = Object.entries(FIELDS).map(
    ([name, field]) => `| \`${name}\` | ${field.type} | ${field.ifMissing} | ${field.about} |`,
  )
  return `# Configuration reference

Generated from \`src/config/schema/schema.ts\` and \`src/mapping/fields.ts\` by \`npm run gen\`. The same as a JSON Schema:
[schema/connectors.schema.json](../schema/connectors.schema.json). What each value means: [definitions](definitions.md).

## connectors.yml

| key | type | default | what it does |
| --- | --- | --- | --- |
${rows.join('\n')}

\`field_mapping\` and \`event_mapping\` at the top level are defaults for every connector; a connector's own lines go first.

\`\${NAME}\` in a value is taken from the environment, as text. Aliases, tags and files above 256 KiB are refused.

## Fields for field_mapping

| field | kind | unknown value | what it is |
| --- | --- | --- | --- |
${fields.join('\n')}
| \`custom_fields.<label, slug or id>\` | as the field | clear | The customer's custom field. A bare unknown name means the same. |
| \`data.<path>\` | any | keep | A value in the customer's \`data\`. |

Unknown value: \`keep\` leaves in Brevo what is there, \`clear\` empties it. \`{ attribute: NAME, if_missing: keep }\` says otherwise for one field.

## Secrets

Never in this file: \`BREVO_API_KEY\`, \`GORGIAS_EMAIL\`, \`GORGIAS_API_KEY\` from the environment (each also as \`…_FILE\`, naming a file),
or stored by \`tajo connectors install\`, encrypted with AES-256-GCM under \`TAJO_SECRET_KEY\` (32 bytes in hex or base64, or a
passphrase) or, without it, under a key file of mode 0600 in the state directory.
`
}

function describe(node: Node, path: string, rows: string[]): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const name = path === '' ? key : `${path}.${key}`
    rows.push(`| \`${name}\` | ${typeOf(child)} | ${defaultOf(child)} | ${describeText(child)} |`)
    if (!name.endsWith('event_mapping')) describe(child, name, rows)
  }
}

function typeOf(node: Node): string {
  if (node.anyOf !== undefined) {
    const constants = node.anyOf.map((one) => one.const)
    return constants.every((one) => one !== undefined)
      ? constants.map((one) => `\`${one}\``).join(', ')
      : 'text or keys'
  }
  return { object: 'keys', string: 'text', integer: 'whole number' }[node.type ?? ''] ?? node.type ?? ''
}

function defaultOf(node: Node): string {
  return node.default === undefined ? '' : `\`${String(node.default).replaceAll('|', '\\|')}\``
}

function describeText(node: Node): string {
  const example = node.examples?.[0]
  return `${node.description ?? ''}${example === undefined ? '' : ` Example: \`${example}\`.`}`.trim()
}
