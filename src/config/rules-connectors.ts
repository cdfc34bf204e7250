// Rules about connectors: what one is called, where its helpdesk answers, and that several get along.
import { ALIASES } from '../mapping/fields.ts'
import { findSource, SOURCE_NAMES } from '../sources/index.ts'
import { attributeOf, forEachConnector, type Rule, type RuleComplaint } from './rule.ts'
import { CONNECTOR_NAME, type RawConnector } from './schema/schema.ts'
import { suggest } from './schema/validate.ts'

export const hasSoundOptions = forEachConnector((connector, path) =>
  (findSource(connector.source ?? path[1]!)?.findMistakes(connector) ?? []).map(({ key, message }) =>
    key === null ? { path, atKey: true, message } : { path: [...path, key], message },
  ),
)

export const hasUsableName = forEachConnector((connector, path) => {
  const name = path[1]!
  if (name === 'brevo')
    return [
      { path, atKey: true, message: 'Brevo is where everything goes: give the connector another name.' },
    ]
  if (!new RegExp(CONNECTOR_NAME).test(name))
    return [
      {
        path,
        atKey: true,
        message: 'A connector’s name has small letters, digits, - and _, and begins with a letter.',
      },
    ]
  if (connector.source !== undefined && SOURCE_NAMES.includes(name) && connector.source !== name)
    return [
      {
        path: [...path, 'source'],
        message: `A connector of ${connector.source} can’t be called ${name}: that is another helpdesk.`,
      },
    ]
  return []
})

/** Every key that holds an address, whichever helpdesk it is of. */
export const usesHttps: Rule = (file) => [
  ...refusePlainHttp(file.brevo?.base_url, ['brevo', 'base_url']),
  ...forEachConnector((connector, path) => {
    const base = findSource(connector.source ?? path[1]!)?.address.base ?? ''
    const value = (connector as Record<string, unknown>)[base]
    return typeof value === 'string' ? refusePlainHttp(value, [...path, base]) : []
  })(file),
]

export function refusePlainHttp(address: string | undefined, path: string[]): RuleComplaint[] {
  if (address === undefined) return []
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null) return [{ path, message: `"${address}" is no address.` }]
  if (url.username !== '' || url.password !== '')
    return [{ path, message: 'An address here must not hold a name or password.' }]
  return url.protocol === 'https:' || isLoopback(url.hostname)
    ? []
    : [
        {
          path,
          message:
            'Plain http would show your keys to the network. Use https (http is only for this machine).',
        },
      ]
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** Two connectors may fill an attribute from the same field; from different ones only where it is said whose goes first. */
export const fillsAttributesAlike: Rule = (file) => {
  if (file.contacts?.precedence !== undefined) return []
  const seen = new Map<string, Filled>()
  return Object.entries(file.connectors).flatMap(([name, connector]) => {
    const aliases = { ...ALIASES, ...findSource(connector?.source ?? name)?.aliases }
    const own = toFilled(connector?.field_mapping, aliases, name, ['connectors', name, 'field_mapping'])
    const inherited = toFilled(file.field_mapping, aliases, name, ['field_mapping']).filter(
      (one) => !own.some(({ field, attribute }) => field === one.field || attribute === one.attribute),
    )
    return [...own, ...inherited].flatMap((one) => {
      const other = seen.get(one.attribute)
      if (other === undefined) seen.set(one.attribute, one)
      return other === undefined || other.from === one.from || other.connector === one.connector
        ? []
        : [toDispute(one, other), toDispute(other, one)]
    })
  })
}

interface Filled {
  connector: string
  field: string
  attribute: string
  /** The field, or the expression. */
  from: string
  path: string[]
}

function toFilled(
  mapping: RawConnector['field_mapping'],
  aliases: Readonly<Record<string, string>>,
  connector: string,
  path: string[],
): Filled[] {
  return Object.entries(mapping ?? {}).map(([field, target]) => {
    const from =
      typeof target === 'object' && target.value !== undefined ? target.value : (aliases[field] ?? field)
    const attribute = attributeOf(field, target).toUpperCase()
    return { connector, field, attribute, from, path: [...path, field] }
  })
}

const toDispute = (one: Filled, other: Filled): RuleComplaint => ({
  path: one.path,
  atKey: true,
  message: `${one.attribute} is filled from ${one.from} for ${one.connector}, and from ${other.from} for ${other.connector} (${other.path.join('.')}). Fill it from the same field, or say whose goes first: contacts: { precedence: [${one.connector}, ${other.connector}] }`,
})

export const namesKnownConnectors: Rule = (file) =>
  (file.contacts?.precedence ?? []).flatMap((name, index) => {
    const path = ['contacts', 'precedence', String(index)]
    if (file.connectors[name] === undefined)
      return [
        { path, message: `There is no connector ${name}.${suggest(name, Object.keys(file.connectors))}` },
      ]
    return file.contacts!.precedence!.indexOf(name) < index
      ? [{ path, message: `${name} stands here twice.` }]
      : []
  })
