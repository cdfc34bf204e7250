// What the Brevo account of the simulation is set up with.
export const LISTS = { support: 35, satisfied: 36, dissatisfied: 37, vip: 40 }
/** tajo's own: contacts that belong to no other list are imported into it. */
export const IMPORT_LIST = 50
export const OWN_ADDRESS = 'agent@shop.example'

export const ATTRIBUTES: [string, string][] = [
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
