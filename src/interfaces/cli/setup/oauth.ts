// tajo connectors install --oauth: a person lets the app in with their browser, and comes back with a code, to a page of this machine or by
// pasting where they were sent.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type Server } from 'node:http'

import type { ConnectorConfig } from '../../../config/config.ts'
import { TajoError } from '../../../lib/errors.ts'
import type { Ports } from '../../../engine/engine.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { Secret } from '../../../lib/log/secret.ts'
import { requireSource } from '../../../sources/index.ts'
import type { StdinLines } from '../terminal/ask.ts'
import { print } from '../terminal/terminal.ts'

/** Where the browser comes back to; a port of its own, because the address is entered at the helpdesk beforehand. */
export const DEFAULT_CALLBACK = 'http://127.0.0.1:8976/callback'
/** Nobody takes longer to press a button. */
const PATIENCE_MS = 10 * 60_000

export interface OAuthClient {
  clientId: string
  clientSecret: Secret
}

/** The token, and which secret it is. `callback`: a loopback address that the helpdesk's app names as a redirect URL. */
export async function obtainToken(
  connector: Pick<ConnectorConfig, 'source' | 'options'>,
  client: OAuthClient,
  { http, clock, lines }: Pick<Ports, 'http' | 'clock'> & { lines: StdinLines },
  callback: string = DEFAULT_CALLBACK,
): Promise<{ gives: string; token: Secret }> {
  const oauth = requireSource(connector.source).oauth!
  const target = requireCallback(callback)
  const state = randomBytes(24).toString('base64url')
  const page = isHere(target) ? await listen(target, state) : waitForNobody()
  try {
    print(
      `Open this address, and allow access:\n\n  ${oauth.authorizeUrl(connector.options, { ...client, state, callback })}\n`,
    )
    print(
      `You come back to ${callback}. If that is no page of this machine, paste here the whole address that you were sent to.`,
    )
    print(oauth.allowHint)
    const code = await firstOf([page.code, readPasted(target, state, lines), giveUp(clock, page.ended)])
    const answer = await http.send(oauth.exchange(connector.options, { ...client, code }))
    return { gives: oauth.gives, token: new Secret(oauth.readToken(answer)) }
  } finally {
    page.close()
  }
}

/** A page of this machine; or one of the shop's own by https, from which the address is pasted. */
function requireCallback(callback: string): URL {
  const url = URL.canParse(callback) ? new URL(callback) : null
  if (url !== null && (isHere(url) || url.protocol === 'https:')) return url
  throw new TajoError('usage', `${callback} is neither an address of this machine nor one by https.`, {
    hint: `Such as ${DEFAULT_CALLBACK}, or https://yourstore.com/callback and the address pasted here.`,
  })
}

const isHere = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)

interface Page {
  code: Promise<string>
  ended: AbortSignal
  close(): void
}

/** Nobody comes back to this machine. */
function waitForNobody(): Page {
  const ended = new AbortController()
  return { code: new Promise<never>(() => undefined), ended: ended.signal, close: () => ended.abort() }
}

async function listen(target: URL, state: string): Promise<Page> {
  const ended = new AbortController()
  let settle: { resolve(code: string): void; reject(error: unknown): void }
  const code = new Promise<string>((resolve, reject) => (settle = { resolve, reject }))
  code.catch(() => undefined)
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '/'
    const url = URL.canParse(path, target.href) ? new URL(path, target) : null
    const isOurs = request.method === 'GET' && url?.pathname === target.pathname
    const found = isOurs ? judge(url, state) : null
    response.writeHead(isOurs ? (typeof found === 'string' ? 200 : 400) : 404, {
      'content-type': 'text/plain; charset=utf-8',
      connection: 'close',
    })
    if (found === null) return void response.end('Nothing is here.\n')
    if (typeof found === 'string') response.end('tajo has what it needs. You can close this page.\n')
    else response.end(`${found.message}\n`)
    if (typeof found === 'string') settle.resolve(found)
    // Somebody else's answer is not ours to end with; a refusal that carries our state is.
    else if (found.code !== 'usage') settle.reject(found)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new TajoError('usage', `Nobody can come back to ${target.href}: the port is taken.`, {
          hint: 'Name another one with --callback, and enter it at the helpdesk.',
          cause,
        }),
      ),
    )
    server.listen(
      Number(target.port === '' ? 80 : target.port),
      target.hostname.replace(/^\[|\]$/g, ''),
      resolve,
    )
  })
  return {
    code,
    ended: ended.signal,
    close() {
      ended.abort()
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The code; or what is wrong: `usage` where it is no answer to what was asked. */
function judge(url: URL, state: string): string | TajoError {
  const given = url.searchParams.get('state') ?? ''
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  if (!timingSafeEqual(digest(given), digest(state)))
    return new TajoError(
      'usage',
      'This answer belongs to another question: its state is not the one that was asked with.',
      {
        hint: 'Use the address that was printed last.',
      },
    )
  const refusal = url.searchParams.get('error')
  if (refusal !== null)
    return new TajoError('source_unauthorized', `The helpdesk let nobody in: ${refusal.slice(0, 100)}.`)
  const code = url.searchParams.get('code') ?? ''
  return code === '' ? new TajoError('source_unauthorized', 'The helpdesk sent no code.') : code
}

/** The whole address is asked for, because its state has to be looked at. What is no address is left for whoever reads next. */
async function readPasted(target: URL, state: string, lines: StdinLines): Promise<string> {
  for (;;) {
    const text = await lines.peek()
    const isAddress = text !== null && URL.canParse(text)
    const isOver = text === null || (!isAddress && !process.stdin.isTTY)
    if (isOver) return await new Promise<never>(() => undefined)
    await lines.next()
    const url = isAddress ? new URL(text) : null
    const found =
      url?.pathname === target.pathname
        ? judge(url, state)
        : new TajoError('usage', `That is not where you were sent to: it begins with ${target.href}`)
    if (typeof found === 'string') return found
    if (found.code !== 'usage') throw found
    print(found.message)
  }
}

async function giveUp(clock: Clock, ended: AbortSignal): Promise<never> {
  await clock.sleep(PATIENCE_MS, ended)
  throw new TajoError('usage', 'Nobody came back within ten minutes; nothing was written.')
}

/** Those that lose may fail when they are ended. */
function firstOf<T>(attempts: readonly Promise<T>[]): Promise<T> {
  for (const attempt of attempts) attempt.catch(() => undefined)
  return Promise.race(attempts)
}
