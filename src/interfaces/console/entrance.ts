// How every request of the console is taken: asked for under its own name, by a page of its own where it changes something, by somebody who is
// signed in and may. What is answered then is for the routes (console.ts).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { ServerConfig } from '../../config/config.ts'
import { coerceError } from '../../lib/errors.ts'
import { fromMs } from '../../model/time.ts'
import type { Session } from '../../state/console/access.ts'
import type { Assets } from './assets.ts'
import type { ConsoleDoor } from './door.ts'
import { type Html, html } from './html.ts'
import { type Content, frame, type PageName } from './layout.ts'
import { readCookie, readSession } from './safety/cookies.ts'
import { addSafeHeaders, findSite, isFromElsewhere, isFromOwnPage, type Site } from './safety/gate.ts'
import { toOwnPath } from './safety/sign-in.ts'
import { chooseLanguage, isLanguage, wordsIn } from './texts/words.ts'
import { isTheme, type Look, mayChange, type Visit } from './visit.ts'

export const PREFIX = '/console'

/** Asked for under another name than its own. */
const MISDIRECTED = 421

type Request = FastifyRequest<{ Params: { parameter?: string } }>
type Form = URLSearchParams

export class Entrance {
  readonly #routes: FastifyInstance
  readonly #server: NonNullable<ServerConfig>
  readonly #door: ConsoleDoor
  readonly #assets: Assets

  constructor(routes: FastifyInstance, server: NonNullable<ServerConfig>, door: ConsoleDoor, assets: Assets) {
    this.#routes = routes
    this.#server = server
    this.#door = door
    this.#assets = assets
  }

  /** For whoever asks, signed in or not; a POST only from a page of its own. */
  open(
    method: 'GET' | 'POST',
    path: string,
    answer: (look: Look, request: Request, reply: FastifyReply) => unknown,
    { bodyLimit }: { bodyLimit?: number } = {},
  ): void {
    this.#routes.route({
      ...(bodyLimit === undefined ? {} : { bodyLimit }),
      method,
      url: `${PREFIX}${path}`,
      handler: async (request, reply) => {
        const look = this.#look(request, reply)
        if (look === null) return reply.code(MISDIRECTED).send()
        if (method === 'POST' && !isFromOwnPage(request, look.site)) return reply.code(403).send()
        return await answer(look, request as Request, reply)
      },
    })
  }

  /** A page for whoever is signed in; null: there is no such page. */
  page(
    path: string,
    name: PageName | null,
    make: (visit: Visit) => Content | null | Promise<Content | null>,
  ): void {
    this.open('GET', path, (look, request, reply) =>
      this.#signedIn(look, request, reply, async (visit) =>
        this.send(reply, visit, name, (await make(visit)) ?? missing(reply, visit)),
      ),
    )
  }

  /** What only an editor may, or whoever is signed in: `isForViewers`. */
  change(
    path: string,
    act: (visit: Visit, form: Form, reply: FastifyReply) => unknown,
    { isForViewers = false, bodyLimit }: { isForViewers?: boolean; bodyLimit?: number } = {},
  ): void {
    this.open(
      'POST',
      path,
      (look, request, reply) =>
        this.#signedIn(look, request, reply, (visit) =>
          isForViewers || mayChange(visit) ? act(visit, toForm(request), reply) : reply.code(403).send(),
        ),
      bodyLimit === undefined ? {} : { bodyLimit },
    )
  }

  /** Null: nobody, or nobody any more. */
  session(request: FastifyRequest, { site }: Look): Session | null {
    const cookie = readSession(request, site)
    const now = fromMs(this.#door.clock.now())
    return cookie === null ? null : this.#door.store.consoleAccess.sessionOf(cookie, now)
  }

  send(reply: FastifyReply, visit: Visit, name: PageName | null, content: Content): unknown {
    const { words, query } = visit
    const done = query.get('done')
    const impossible = Number(query.get('impossible')) || 0
    const failed =
      impossible === 0
        ? null
        : html`<p class="notice wait" role="status">${words.t('impossible', { count: impossible })}</p>`
    const said =
      done === null
        ? null
        : html`<p class="notice good" role="status">
            ${words.of('done', done)} ${words.count(Number(query.get('count')) || 0)}
          </p>`
    return send(reply, frame(visit, this.#assets, name, { ...content, body: [said, failed, content.body] }))
  }

  async #signedIn(
    look: Look,
    request: Request,
    reply: FastifyReply,
    answer: (visit: Visit) => unknown,
  ): Promise<unknown> {
    const session = this.session(request, look)
    if (session === null) return refuse(request, reply, look)
    const query = new URLSearchParams(look.path.split('?')[1])
    const visit = { ...look, session, query, parameter: request.params.parameter ?? '' }
    try {
      return await answer(visit)
    } catch (thrown) {
      return this.#fail(reply, visit, thrown)
    }
  }

  /** Null: under a name that is not its own. */
  #look(request: FastifyRequest, reply: FastifyReply): Look | null {
    addSafeHeaders(reply)
    const site = findSite(request, this.#server)
    if (site === null) return null
    const language = readCookie(request, 'tajo_language')
    const theme = readCookie(request, 'tajo_theme')
    return {
      site,
      words: wordsIn(isLanguage(language) ? language : chooseLanguage(request.headers['accept-language'])),
      theme: isTheme(theme) ? theme : 'auto',
      path: request.url,
      now: this.#door.clock.now(),
    }
  }

  /** What could not be done is said, and logged. */
  #fail(reply: FastifyReply, visit: Visit, thrown: unknown): unknown {
    const { code, kind, message, hint } = coerceError(thrown)
    const { words, path } = visit
    this.#door.log.warn('A page of the console could not be made', {
      path: path.split('?')[0],
      code,
      reason: message,
    })
    void reply.code(kind === 'config' ? 400 : 500)
    const reason = html`<p class="notice bad" role="alert">
      <span lang="en">${message} ${hint}</span> <code>${code}</code>
    </p>`
    const lead = html`<p class="lead">${words.t('error.lead')}</p>`
    return this.send(reply, visit, null, { title: words.t('error.title'), body: [lead, reason] })
  }
}

function refuse(request: FastifyRequest, reply: FastifyReply, look: Look): unknown {
  // The browser has the cookie, and withholds it because the link stood elsewhere: its own reload brings it.
  if (isFromElsewhere(request))
    return send(reply, html`<!doctype html><meta http-equiv="refresh" content="0" /><title>tajo</title>`)
  if (request.headers['hx-request'] !== undefined)
    return reply.code(200).header('hx-refresh', 'true').send('')
  const back = request.method === 'GET' ? look.path : PREFIX
  const ended = readSession(request, look.site) === null ? '' : '&ended'
  return redirect(reply, look.site, `${PREFIX}/sign-in?back=${encodeURIComponent(toOwnPath(back))}${ended}`)
}

function missing(reply: FastifyReply, { words }: Visit): Content {
  void reply.code(404)
  return { title: words.t('missing.title'), body: html`<p class="lead">${words.t('missing.lead')}</p>` }
}

export const toForm = ({ body }: FastifyRequest): URLSearchParams =>
  new URLSearchParams(Buffer.isBuffer(body) ? body.toString('utf8') : '')

export const send = (reply: FastifyReply, text: Html): unknown =>
  reply.type('text/html; charset=utf-8').send(text.toString())

export const redirect = (reply: FastifyReply, { base }: Site, path: string): unknown =>
  reply.code(303).header('location', `${base}${path}`).send()
