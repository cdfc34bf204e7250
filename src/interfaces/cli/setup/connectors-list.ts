// tajo connectors list and remove.
import { readFileSync, writeFileSync } from 'node:fs'

import { withoutConnector } from '../../../config/text/edit.ts'
import { loadConfig } from '../../../config/load.ts'
import { openSecretStore } from '../../../config/secrets/store.ts'
import { TajoError } from '../../../lib/errors.ts'
import { SOURCE_NAMES } from '../../../sources/index.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { print } from '../terminal/terminal.ts'

export function runConnectorsList(options: CommonOptions & { json?: boolean }): number {
  const { connectors } = loadConfig(options.config, process.env)
  const rows = connectors.map(({ name, source, enabled, account, schedule }) => ({
    name,
    source,
    enabled,
    account,
    schedule,
  }))
  if (options.json === true) print(JSON.stringify(rows))
  else {
    for (const row of rows)
      print(
        `${row.name.padEnd(12)} ${row.enabled ? 'enabled ' : 'disabled'}  ${row.account}  ${row.schedule}`,
      )
    const others = SOURCE_NAMES.filter((name) => !connectors.some((one) => one.source === name))
    if (others.length > 0) print(`Not installed: ${others.join(', ')}`)
  }
  return 0
}

/** Takes the connector out of connectors.yml and its keys out of the store. What was synced stays, here and in Brevo. */
export function runConnectorsRemove(name: string, options: CommonOptions): number {
  const { connectors } = loadConfig(options.config, process.env)
  if (!connectors.some((one) => one.name === name))
    throw new TajoError('usage', `There is no connector ${name} in ${options.config}.`)
  writeFileSync(options.config, withoutConnector(readFileSync(options.config, 'utf8'), name))
  openSecretStore(options.stateDir, process.env).remove(`${name}.`)
  print(
    `Removed ${name} from ${options.config}, and its keys. What was synced stays in Brevo and in ${options.stateDir}.`,
  )
  return 0
}
