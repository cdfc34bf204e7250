// What `install` and `test` look at before anything is synced: the helpdesk's fields against Brevo's attributes.
import type { BrevoCaller } from '../brevo/client.ts'
import { readAttributes } from '../brevo/setup.ts'
import type { ConnectorConfig } from '../config/config.ts'
import { type Compiled, compileMapping } from '../mapping/compile.ts'
import type { CustomField } from '../model/records.ts'
import type { Source } from '../sources/source.ts'

export async function checkMapping(
  connector: ConnectorConfig,
  source: Source,
  brevo: BrevoCaller,
): Promise<Compiled> {
  const customFields: CustomField[] = []
  for await (const page of source.readDirectory('custom_fields')) {
    for (const record of page.records) if (record.kind === 'custom_field') customFields.push(record)
  }
  return compileMapping(connector.rules, customFields, await readAttributes(brevo))
}
