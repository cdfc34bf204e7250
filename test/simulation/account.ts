// The Brevo account of the simulation, and what it is set up with.
import { BrevoAccount } from '../../src/sandbox/brevo/account.ts'

export const LISTS = { support: 35, satisfied: 36, dissatisfied: 37, vip: 40 }
/** tajo's own: contacts that belong to no other list are imported into it. */
const IMPORT_LIST = 50
/** Ids of the second account begin where those of the first do not reach. */
export const OUTLET_FROM = 700_000_000
export const OWN_ADDRESS = 'agent@shop.example'

const ATTRIBUTES: [string, string][] = [
  ['GORGIAS_ID', 'text'],
  ['FIRSTNAME', 'text'],
  ['TICKET_COUNT', 'float'],
  ['OPEN_TICKETS', 'float'],
  ['LAST_CHANNEL', 'text'],
  ['AVG_RESPONSE_TIME', 'float'],
  ['CSAT_SCORE', 'float'],
  ['CSAT_RESPONSES', 'float'],
  ['TIER', 'text'],
  ['WHOLESALE', 'boolean'],
]

export function createAccount(now: () => number): BrevoAccount {
  const account = new BrevoAccount(now)
  for (const [name, type] of ATTRIBUTES) account.addAttribute(name, type)
  for (const list of [...Object.values(LISTS), IMPORT_LIST]) account.lists.set(list, `list ${list}`)
  return account
}
