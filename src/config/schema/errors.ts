// What the schemas say of a file: the frame by one, the block of each connector by that of its helpdesk.
import type { ValidateFunction } from 'ajv'

import { SOURCE_NAMES } from '../../sources/index.ts'
import { findCauses, readSchema, type Situated, withContext } from './causes.ts'
import * as validators from './validators.generated.js'

/** By what they check; compiled by `npm run gen`, because compiling them takes longer than most commands. */
const VALIDATORS = validators as unknown as Readonly<Record<string, ValidateFunction>>
const SCHEMAS = { connectors: 'connectors.schema.json', tests: 'connectors.test.schema.json' }

const MOST_ERRORS = 500

/** What a validator says of a part of the file, as of the whole. */
function findErrors(
  validator: string,
  value: unknown,
  schema: object,
  path = '',
): { errors: Situated[]; isCut: boolean } {
  const validate = VALIDATORS[validator]!
  if (validate(value)) return { errors: [], isCut: false }
  // Nobody reads thousands, and to find the place and the cause of each takes its time.
  const some = (validate.errors ?? []).slice(0, MOST_ERRORS)
  const errors = withContext(findCauses(some), value, schema)
  return {
    errors: errors.map((error) => ({ ...error, instancePath: `${path}${error.instancePath}` })),
    isCut: some.length < (validate.errors ?? []).length,
  }
}

/** Each block by the schema of its helpdesk: that of its name, or of its `source`. */
function findConnectorErrors(value: unknown, root: object): { errors: Situated[]; isCut: boolean }[] {
  const blocks = (value as { connectors?: unknown } | null)?.connectors
  if (typeof blocks !== 'object' || blocks === null || Array.isArray(blocks)) return []
  const schema = (root as { properties: { connectors: Situated['parentSchema'] } }).properties.connectors
  return Object.entries(blocks).map(([name, block]: [string, unknown]) => {
    const source = sourceOf(name, block)
    const properties = schema?.properties as Record<string, object>
    if (source !== '')
      return findErrors(
        source,
        block,
        { ...properties[source], definitions: (root as { definitions?: object }).definitions },
        `/connectors/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      )
    const unknown = {
      keyword: 'additionalProperties',
      instancePath: '/connectors',
      schemaPath: '',
      params: { additionalProperty: name },
      data: blocks,
      parentSchema: schema,
      schema: false,
    }
    return { errors: [unknown], isCut: false }
  })
}

/** Most files are, and the schema need not be read then. */
function isSound(which: keyof typeof SCHEMAS, value: unknown): boolean {
  if (!VALIDATORS[which]!(value)) return false
  if (which !== 'connectors') return true
  return Object.entries(
    (value as { connectors: Record<string, { source?: string } | null> }).connectors,
  ).every(([name, block]) => VALIDATORS[sourceOf(name, block)]?.(block) === true)
}

/** The helpdesk of a connector; '' where that can't be told. */
function sourceOf(name: string, block: unknown): string {
  const said = (block as { source?: unknown } | null)?.source
  const source = SOURCE_NAMES.includes(name) ? name : said
  return typeof source === 'string' && SOURCE_NAMES.includes(source) ? source : ''
}

export type Checked = keyof typeof SCHEMAS

/** Null where nothing is wrong. `isCut`: there are more than these. */
export function findSchemaErrors(
  which: Checked,
  value: unknown,
): { errors: Situated[]; isCut: boolean; root: object } | null {
  if (isSound(which, value)) return null
  const root = readSchema(SCHEMAS[which])
  const found = [
    findErrors(which, value, root),
    ...(which === 'connectors' ? findConnectorErrors(value, root) : []),
  ]
  return { errors: found.flatMap((one) => one.errors), isCut: found.some((one) => one.isCut), root }
}
