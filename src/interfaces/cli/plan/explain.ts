// tajo explain: why a contact holds what it holds, who is in a list and why, what an attribute holds. No request is made.
import { formatTime, formatCount } from '../../../lib/human.ts'
import { loadConfig } from '../../../config/load.ts'
import type { Config } from '../../../config/config.ts'
import { type ExplainedAttribute, type Explanation, explainContact } from '../../../explain/explain.ts'
import { explainAttribute, explainList } from '../../../explain/reverse.ts'
import { TajoError } from '../../../lib/errors.ts'
import { normalizeEmail } from '../../../model/email.ts'
import type { Origin } from '../../../mapping/origins.ts'
import { openStoreReadOnly, type Store } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { createOccasion, fit, paint, print, toCount, wrap } from '../terminal/terminal.ts'

export interface ExplainOptions extends CommonOptions {
  list?: string
  attribute?: string
  limit: string
  json?: boolean
}

/** Exit code 1: nothing is known of the address. */
export function runExplain(address: string | undefined, options: ExplainOptions): number {
  const asked = [address, options.list, options.attribute].filter((one) => one !== undefined)
  if (asked.length !== 1)
    throw new TajoError('usage', 'Ask for one thing: an e-mail address, --list ID, or --attribute NAME.')
  const config = loadConfig(options.config, process.env)
  const store = openStoreReadOnly(options.stateDir)
  if (store === null)
    throw new TajoError('usage', 'Nothing was synced yet, so there is nothing to explain.', {
      hint: 'See what a sync would do: tajo plan',
    })
  try {
    const limit = toCount(options.limit, '--limit')
    if (options.list !== undefined) return showList(store, config, options.list, limit, options.json === true)
    if (options.attribute !== undefined)
      return showAttribute(store, config, options.attribute.toUpperCase(), limit, options.json === true)
    return showContact(store, config, address!, options.json === true)
  } finally {
    store.close()
  }
}

function showContact(store: Store, config: Config, address: string, json: boolean): number {
  const email = normalizeEmail(address)
  if (email === null) throw new TajoError('usage', `"${address}" is no e-mail address.`)
  const explained = explainContact(store, config, email)
  if (json) print(JSON.stringify(explained))
  else if (explained === null) print('Nothing is known of this address: no customer of the helpdesk has it.')
  else printExplanation(explained)
  return explained === null ? 1 : 0
}

export function printExplanation(explained: Explanation): void {
  print(wrap(`${paint('bold', explained.email)}  ${explained.contact}`, 2))
  const attributes = Object.entries(explained.attributes)
  if (attributes.length > 0) print(`\n${paint('bold', 'Attributes')}`)
  for (const [name, one] of attributes) {
    print(fit(`  ${name.padEnd(22)} ${paint('green', show(one.value))}`))
    if (one.wanted !== undefined)
      print(
        wrap(
          `      ${paint('yellow', explained.confirming ? `${show(one.wanted)} was sent and is being confirmed` : `to become ${show(one.wanted)} with the next write`)}`,
        ),
      )
    print(paint('dim', wrap(`      ${toSource(one)}`, 8)))
    if (one.sent_at !== null)
      print(
        paint(
          'dim',
          wrap(
            `      sent ${formatTime(one.sent_at)}${one.previous === null ? '' : `; before: ${show(one.previous)}`}`,
            8,
          ),
        ),
      )
  }
  const lists = Object.entries(explained.lists)
  if (lists.length > 0) print(`\n${paint('bold', 'Lists')}`)
  for (const [id, one] of lists) {
    const mark = one.member ? paint('green', '✓') : paint('dim', '·')
    print(wrap(`  ${mark} ${id}${one.name === '' ? '' : ` (${one.name})`}  ${one.reason}`, 6))
    if (one.mapping !== null) print(paint('dim', `      ${one.mapping.file}:${one.mapping.line}`))
  }
  if (explained.events.length > 0) print(`\n${paint('bold', 'Events')}`)
  for (const one of explained.events)
    print(
      wrap(
        `  ${formatTime(one.at)}  ${one.name}  ${paint(COLORS[one.state] ?? 'dim', one.state)}  ${one.reason}`,
        6,
      ),
    )
  if (explained.campaigns.length > 0) print(`\n${paint('bold', 'Campaigns')}`)
  for (const one of explained.campaigns)
    print(
      wrap(
        `  ${formatTime(one.at)}  ${one.campaign}  ${paint(COLORS[one.state] ?? 'dim', one.state)}  ${one.reason}`,
        6,
      ),
    )
}

/** `connectors.yml:24 nb_tickets, from tickets 12, 15 (id)`. */
function toSource({ mapping, from }: ExplainedAttribute): string {
  const origins = from.length === 0 ? '' : `, from ${toWords(from)}`
  if (mapping === null) return `no line of connectors.yml fills it any more${origins}`
  const { file, line, field, expression } = mapping
  return `${file}:${line} ${expression ?? field}${origins}`
}

const COLORS: Record<string, Parameters<typeof paint>[0]> = {
  sent: 'green',
  fired: 'green',
  pending: 'yellow',
  held: 'yellow',
  waiting: 'yellow',
  refused: 'red',
}

/** `tickets 12, 15 and 3 more of shop-eu (status)`. */
function toWords(origins: readonly Origin[]): string {
  const groups = new Map<string, string[]>()
  for (const { connector, record, id, field } of origins) {
    const key = `${record} ${field} ${connector}`
    groups.set(key, [...(groups.get(key) ?? []), id])
  }
  return [...groups]
    .map(([key, ids]) => {
      const [record = '', field = '', connector = ''] = key.split(' ')
      const shown = ids.slice(0, MOST_IDS).join(', ')
      const rest = ids.length > MOST_IDS ? ` and ${ids.length - MOST_IDS} more` : ''
      return `${record.replace('_', ' ')}${ids.length > 1 ? 's' : ''} ${shown}${rest} of ${connector} (${field})`
    })
    .join('; ')
}

const MOST_IDS = 5

function showList(store: Store, config: Config, text: string, limit: number, json: boolean): number {
  const list = Number(text)
  if (!Number.isInteger(list)) throw new TajoError('usage', `"${text}" is no id of a list.`)
  const sayNow = createOccasion()
  const onContact = (done: number): void => sayNow(() => `${formatCount(done)} contacts explained`)
  const explained = explainList(store, config, { list, limit, onContact })
  if (json) {
    print(JSON.stringify(explained))
    return 0
  }
  const { counts } = explained
  print(`${paint('bold', `List ${list}`)} ${explained.name}`)
  if (explained.mapping.length === 0) print('  No line of connectors.yml fills it.')
  for (const { file, line, rule } of explained.mapping) print(`  ${file}:${line}  ${rule}`)
  print(
    `  ${formatCount(counts.given + counts.giving)} given by tajo, ${formatCount(counts.found)} were there before, ${formatCount(counts.left)} left it`,
  )
  for (const one of explained.contacts)
    print(wrap(`  ${one.member ? paint('green', '✓') : paint('dim', '·')} ${one.email}  ${one.reason}`, 6))
  const rest = counts.given + counts.giving + counts.found + counts.left - explained.contacts.length
  if (rest > 0) print(paint('dim', `  … and ${formatCount(rest)} more (--limit)`))
  return 0
}

function showAttribute(store: Store, config: Config, name: string, limit: number, json: boolean): number {
  const explained = explainAttribute(store, config, name, limit)
  if (json) {
    print(JSON.stringify(explained))
    return 0
  }
  print(`${paint('bold', name)}  ${explained.about}`)
  if (explained.mapping !== null)
    print(`  ${explained.mapping.file}:${explained.mapping.line}  ${explained.mapping.field}`)
  if (explained.type !== null) print(`  in Brevo: ${explained.type}`)
  const width = Math.max(8, ...explained.values.map((one) => show(one.value).length))
  for (const { value, contacts } of explained.values)
    print(
      fit(
        `  ${show(value).padEnd(Math.min(width, 40))}  ${formatCount(contacts)} ${contacts === 1 ? 'contact' : 'contacts'}`,
      ),
    )
  const rest = explained.distinct - explained.values.length
  if (rest > 0) print(paint('dim', `  … and ${formatCount(rest)} more values (--limit)`))
  if (explained.values.length === 0) print('  Brevo was told nothing of it yet.')
  return 0
}

function show(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
