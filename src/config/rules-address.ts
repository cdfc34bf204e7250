// Rules about what a connector is called, and where its helpdesk answers.
import { findSource, SOURCE_NAMES } from '../sources/index.ts'
import { forEachConnector, type Rule, type RuleComplaint } from './rule.ts'
import { CONNECTOR_NAME } from './schema/schema.ts'

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

function refusePlainHttp(address: string | undefined, path: string[]): RuleComplaint[] {
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
