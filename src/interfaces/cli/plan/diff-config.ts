// tajo diff-config [FILE]: who would change with this connectors.yml instead of the one in force, from the local records, without one request.
import type { Config } from '../../../config/config.ts'
import { checkConfig, loadConfig } from '../../../config/load.ts'
import { TajoError } from '../../../lib/errors.ts'
import { type ConfigDiff, diffConfigs } from '../../../dry-run/what-if.ts'
import { readInForce } from '../../../state/reading/applied-config.ts'
import { openStoreReadOnly, type Store } from '../../../state/store.ts'
import { printContact } from './plan.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { formatCount } from '../../../lib/human.ts'
import { fit, paint, print, say, toCount, wrap } from '../terminal/terminal.ts'

export interface DiffOptions extends CommonOptions {
  limit: string
  json?: boolean
}

export async function runDiffConfig(file: string, options: DiffOptions): Promise<number> {
  const after = loadConfig(file, process.env)
  const store = openStoreReadOnly(options.stateDir)
  if (store === null)
    throw new TajoError('usage', 'Nothing was synced yet, so there is nothing to compare.', {
      hint: `See what a first sync would do: tajo plan --config ${file} --sample 20`,
    })
  try {
    const before = loadInForce(store, options.config)
    const diff = await diffConfigs(store, before, after, toCount(options.limit, '--limit'))
    if (options.json === true) print(JSON.stringify(diff))
    else printDiff(diff)
    return 0
  } finally {
    store.close()
  }
}

/** What the contacts stand on: not what somebody is just writing. */
function loadInForce(store: Store, file: string): Config {
  const text = readInForce(store)
  const inForce = text === null ? null : checkConfig(file, text, process.env).config
  return inForce === null ? loadConfig(file, process.env) : { ...inForce, file: `${file} in force` }
}

export function printDiff(diff: ConfigDiff): void {
  for (const warning of diff.warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
  print(paint('bold', `${diff.before} → ${diff.after}`))
  print()
  print(
    `Contacts   ${paint('yellow', `${formatCount(diff.contacts.change)} change`)}, ${formatCount(diff.contacts.same)} stay as they are`,
  )
  const attributes = Object.entries(diff.attributes).toSorted((a, b) => b[1] - a[1])
  if (attributes.length > 0)
    print(
      wrap(
        `Attributes ${attributes.map(([name, count]) => `${name} in ${formatCount(count)}`).join(', ')}`,
        11,
      ),
    )
  for (const [id, { name, add, remove }] of Object.entries(diff.lists))
    print(
      fit(
        `List       ${id.padEnd(6)} ${paint('green', `+${formatCount(add)}`)} ${paint('red', `-${formatCount(remove)}`)}  ${name}`,
      ),
    )
  for (const { occurrence, before, after } of diff.events)
    print(
      wrap(`Event      ${occurrence}: ${before ?? 'not told'} → ${after ?? 'not told'} (from now on)`, 11),
    )
  for (const { name, change, waiting } of diff.campaigns)
    print(
      fit(
        `Campaign   ${name}: ${change}${waiting > 0 ? `; ${formatCount(waiting)} decisions are still to come` : ''}`,
      ),
    )
  if (diff.samples.length > 0) print()
  for (const one of diff.samples) printContact(one)
  const rest = diff.contacts.change - diff.samples.length
  if (rest > 0) print(paint('dim', `  … and ${formatCount(rest)} more (--limit)`))
  print()
  print(
    paint('dim', wrap('From the records that were read last; nothing was asked and nothing was written.')),
  )
}
