// How a person lets an app into their workspace: OAuth 2.0 with a code; tokens do not expire, and scopes are chosen on the app, not in the
// address (gladly-intercom-api.md § B.1).
import { TajoError } from '../../lib/errors.ts'
import type { OAuth } from '../source.ts'
import { parseBody } from '../verdict.ts'
import { toObject, toText } from './client.ts'
import { type IntercomOptions, toBaseUrl } from './options.ts'

/** Where each region's workspaces are signed in to. */
const HOSTS: Readonly<Record<string, string>> = {
  us: 'https://app.intercom.com',
  eu: 'https://app.eu.intercom.com',
  au: 'https://app.au.intercom.com',
}

const WHERE = 'Developer Hub → your app → Configure → Basic information'

export const intercomOAuth: OAuth<IntercomOptions> = {
  gives: 'access_token',
  client: {
    id: { variable: 'CLIENT_ID', flag: '--client-id', label: `the client id (${WHERE})`, sensitive: false },
    secret: {
      variable: 'CLIENT_SECRET',
      flag: '--client-secret',
      label: `the client secret (${WHERE})`,
      sensitive: true,
    },
  },
  allowHint:
    'Enter the callback as a redirect URL: Developer Hub → your app → Configure → Authentication. There you also choose what the app may read: conversations, users and companies, admins, tags.',

  authorizeUrl({ region = 'us' }, { clientId, state, callback }) {
    const url = new URL('/oauth', HOSTS[region] ?? HOSTS['us']!)
    url.searchParams.set('client_id', clientId)
    url.searchParams.set('state', state)
    url.searchParams.set('redirect_uri', callback)
    return url.href
  },

  exchange: (options, { code, clientId, clientSecret }) => ({
    method: 'POST',
    url: `${toBaseUrl(options).replace(/\/+$/, '')}/auth/eagle/token`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ code, client_id: clientId, client_secret: clientSecret.reveal() }),
    timeoutMs: 30_000,
  }),

  readToken(outcome) {
    if (outcome.outcome !== 'answer')
      throw new TajoError('source_unavailable', `Intercom could not be reached (${outcome.reason}).`)
    const json = toObject(parseBody(outcome.body))
    // Two names are seen for it.
    const token = toText(json?.['access_token']) ?? toText(json?.['token'])
    if (outcome.status === 200 && token !== null) return token
    throw new TajoError('source_unauthorized', `Intercom gave no token for this code (${outcome.status}).`, {
      hint: 'A code works once, and for some minutes. Check the client id and secret, and the region, and run the command again.',
    })
  },
}
