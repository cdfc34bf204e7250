// Writes what is generated from src: the JSON Schema of connectors.yml, the control API's description, and the reference documentation.
import { writeFileSync } from 'node:fs'

import { OUTPUTS, toOutputReference, toOutputSchema } from './output-schemas.ts'
import { toMetricsReference } from './metrics-reference.ts'
import { toReference } from './reference.ts'
import { toTablesReference } from './tables-reference.ts'
import { toValidators } from './validators.ts'
import { OPENAPI } from '../src/interfaces/server/openapi.ts'
import { connectorsSchema } from '../src/config/schema/schema.ts'
import { testsSchema } from '../src/config/schema/schema-tests.ts'

writeFileSync('schema/connectors.schema.json', `${JSON.stringify(connectorsSchema, null, 2)}\n`)
writeFileSync('schema/connectors.test.schema.json', `${JSON.stringify(testsSchema, null, 2)}\n`)
writeFileSync('schema/openapi.json', `${JSON.stringify(OPENAPI, null, 2)}\n`)
writeFileSync('src/config/schema/validators.generated.js', toValidators())
writeFileSync('docs/configuration.md', toReference())
writeFileSync('docs/json.md', toOutputReference())
writeFileSync('docs/tables.md', toTablesReference())
writeFileSync('docs/metrics.md', toMetricsReference())
for (const name of Object.keys(OUTPUTS))
  writeFileSync(`schema/${name}.schema.json`, `${JSON.stringify(toOutputSchema(name), null, 2)}\n`)
