// The routes of the console. What a page says is in pages/ and mapping/; who may come in, in entrance.ts and safety/.
import type { FastifyInstance, FastifyReply } from 'fastify'

import type { ServerConfig } from '../../config/config.ts'
import { normalizeEmail } from '../../model/email.ts'
import { fromMs, toMs } from '../../model/time.ts'
import { ACTS, note } from './acts.ts'
import { Assets } from './assets.ts'
import { Changes } from './changes.ts'
import type { ConsoleDoor } from './door.ts'
import { Entrance, PREFIX, redirect, send, toForm } from './entrance.ts'
import { answerEditor } from './mapping/editor-api.ts'
import { approveDraft, type Draft } from './mapping/draft.ts'
import { mappingPage, showEffect, showManyToWeigh, toEffect } from './mapping/page.ts'
import { campaignsPage } from './pages/campaigns.ts'
import { healthPage } from './pages/health.ts'
import { livePage } from './pages/live.ts'
import { findPage, personPage } from './pages/person.ts'
import { attributePage, listPage } from './pages/reverse.ts'
import { runsPage } from './pages/runs.ts'
import { setAsidePage } from './pages/set-aside.ts'
import { Addresses } from './safety/addresses.ts'
import { readSession, toChoiceCookie, toSessionCookie } from './safety/cookies.ts'
import { type SignInTrouble, signInPage, toOwnPath } from './safety/sign-in.ts'
import { Throttle } from './safety/throttle.ts'
import { isLanguage } from './texts/words.ts'
import { isTheme, type Look, type Visit } from './visit.ts'

/** The largest connectors.yml, as a form writes it: each sign may take six, and it is sent twice. */
const LARGE = { bodyLimit: 3 * 2 ** 20 }

/** What is answered to a form is a page that renews itself, from where it can be asked for. */
const atPage = (visit: Visit): Visit => ({ ...visit, path: `${PREFIX}/mapping` })

/** Contacts: with more of them, what a draft would change is looked at when somebody asks for it. */
const MOST_WEIGHED_UNASKED = 20_000

interface Parts {
  door: ConsoleDoor
  entrance: Entrance
  assets: Assets
  addresses: Addresses
}

/** All of it, below /console. */
export function installConsole(
  routes: FastifyInstance,
  server: NonNullable<ServerConfig>,
  door: ConsoleDoor,
): void {
  const assets = new Assets()
  const entrance = new Entrance(routes, server, door, assets)
  const parts = { door, entrance, assets, addresses: new Addresses(door.store) }
  installAssets(routes, assets)
  installSigningIn(parts)
  installPages(parts)
  installMapping(parts)
  installChanges(parts)
}

function installAssets(routes: FastifyInstance, assets: Assets): void {
  routes.get<{ Params: { name: string } }>(`${PREFIX}/assets/:name`, (request, reply) => {
    const asset = assets.find(request.params.name)
    if (asset === null) return reply.code(404).send()
    return reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .header('x-content-type-options', 'nosniff')
      .header('content-encoding', 'gzip')
      .type(asset.type)
      .send(asset.bytes)
  })
}

function installSigningIn({ door, entrance, assets }: Parts): void {
  const { store, clock, log } = door
  const throttle = new Throttle(() => clock.monotonic())
  const show = (
    reply: FastifyReply,
    look: Look,
    back: string,
    trouble: SignInTrouble | null,
    waitMs = 0,
  ): unknown => send(reply, signInPage(look, assets, { back, trouble, waitMs }))

  entrance.open('GET', '/sign-in', (look, _, reply) => {
    const query = new URLSearchParams(look.path.split('?')[1])
    return show(reply, look, toOwnPath(query.get('back')), query.has('ended') ? 'ended' : null)
  })
  entrance.open('POST', '/sign-in', (look, request, reply) => {
    const form = toForm(request)
    const back = toOwnPath(form.get('back'))
    const now = fromMs(look.now)
    const signedIn = store.transaction(() => {
      const found = store.consoleAccess.signIn((form.get('token') ?? '').trim(), now)
      if (found !== null) note(door, found, 'sign_in', found.session.role)
      return found
    })
    // A token that opens always does: nobody can keep others out by guessing from where they come from, too.
    if (signedIn === null) {
      const waitMs = throttle.waitMs(request.ip)
      if (waitMs > 0) {
        void reply.code(429).header('retry-after', String(Math.ceil(waitMs / 1000)))
        return show(reply, look, back, 'too_often', waitMs)
      }
      throttle.fail(request.ip)
      log.warn('Somebody tried to sign in to the console with a token that opens nothing', {
        from: request.ip,
      })
      void reply.code(401)
      return show(reply, look, back, 'wrong')
    }
    throttle.succeed(request.ip)
    const seconds = toMs(signedIn.expiresAt - now) / 1000
    void reply.header('set-cookie', toSessionCookie(signedIn.cookie, seconds, look.site))
    return redirect(reply, look.site, back)
  })
  // Signed in or not: whoever leaves has left.
  entrance.open('POST', '/sign-out', (look, request, reply) => {
    const cookie = readSession(request, look.site)
    if (cookie !== null) store.consoleAccess.signOut(cookie)
    void reply.header('set-cookie', toSessionCookie('', 0, look.site))
    return redirect(reply, look.site, `${PREFIX}/sign-in`)
  })
  entrance.open('POST', '/choice', (look, request, reply) => {
    const form = toForm(request)
    const [language, theme] = [form.get('language'), form.get('theme')]
    if (isLanguage(language))
      void reply.header('set-cookie', toChoiceCookie('tajo_language', language, look.site))
    if (isTheme(theme)) void reply.header('set-cookie', toChoiceCookie('tajo_theme', theme, look.site))
    return redirect(reply, look.site, toOwnPath(form.get('back')))
  })
}

function installPages({ door, entrance, addresses }: Parts): void {
  entrance.page('', 'health', (visit) => healthPage(visit, door))
  entrance.page('/person', 'person', (visit) => findPage(visit, visit.query.get('missed')))
  entrance.page('/person/:parameter', 'person', (visit) => {
    const email = addresses.fromId(visit.parameter)
    return email === null ? null : personPage(visit, door, email)
  })
  entrance.page('/lists/:parameter', null, (visit) => listPage(visit, door, addresses))
  entrance.page('/attributes/:parameter', null, (visit) => attributePage(visit, door))
  entrance.page('/live', 'live', (visit) => livePage(visit, door, addresses))
  entrance.page('/set-aside', 'set_aside', (visit) => setAsidePage(visit, door))
  entrance.page('/campaigns', 'campaigns', (visit) => campaignsPage(visit, door))
  entrance.page('/runs', 'runs', (visit) => runsPage(visit, door))
  // No address of a person stands in the address of a page.
  entrance.change(
    '/person',
    (visit, form, reply) => {
      const email = normalizeEmail(form.get('email') ?? '')
      const isKnown = email !== null && personPage(visit, door, email) !== null
      const missed = email === null ? 'invalid' : 'unknown'
      const to = isKnown ? `/person/${addresses.toId(email)}` : `/person?missed=${missed}`
      return redirect(reply, visit.site, `${PREFIX}${to}`)
    },
    { isForViewers: true },
  )
  for (const [path, act] of Object.entries(ACTS))
    entrance.change(path, (visit, form, reply) => {
      const done = act(visit, door, form)
      if (done === null) return redirect(reply, visit.site, PREFIX)
      const { path: to, note: said, count, impossible = 0 } = done
      const query = new URLSearchParams({ done: said, count: String(count), impossible: String(impossible) })
      return redirect(reply, visit.site, `${PREFIX}${to}?${query.toString()}`)
    })
}

function installMapping({ door, entrance, addresses }: Parts): void {
  // Browsers send a text of a form with the line ends of Windows.
  const toDraft = (form: URLSearchParams): Draft => ({
    base: form.get('base') ?? '',
    text: (form.get('text') ?? '').replaceAll('\r\n', '\n'),
  })
  const show = (visit: Visit, shown: Omit<Parameters<typeof mappingPage>[3], 'addresses'>) =>
    mappingPage(visit, door, addresses, shown)

  entrance.page('/mapping', 'mapping', (visit) => {
    const outcome = visit.query.get('outcome') === 'approved' ? 'approved' : null
    return show(visit, { draft: null, effect: null, outcome })
  })
  entrance.change(
    '/mapping',
    async (visit, form, reply) => {
      const draft = toDraft(form)
      const isFragment = visit.query.has('fragment')
      // While somebody writes, only what is quick is looked at unasked.
      if (isFragment && door.store.contacts.count() > MOST_WEIGHED_UNASKED)
        return send(reply, showManyToWeigh(visit))
      const effect = await toEffect(door, draft)
      if (isFragment) return send(reply, showEffect(visit, addresses, draft, effect))
      return entrance.send(
        reply,
        atPage(visit),
        'mapping',
        show(atPage(visit), { draft, effect, outcome: null }),
      )
    },
    LARGE,
  )
  entrance.change(
    '/mapping/approve',
    async (visit, form, reply) => {
      const draft = toDraft(form)
      const outcome = approveDraft(door, draft, form.get('seen') ?? '', (sha256) =>
        note(door, visit, 'config.write', sha256.slice(0, 12)),
      )
      if (outcome === 'approved') return redirect(reply, visit.site, `${PREFIX}/mapping?outcome=approved`)
      const effect = outcome === 'faulty' || outcome === 'not_seen' ? await toEffect(door, draft) : null
      void reply.code(409)
      return entrance.send(reply, atPage(visit), 'mapping', show(atPage(visit), { draft, effect, outcome }))
    },
    LARGE,
  )
  entrance.change(
    '/mapping/editor',
    (_, form, reply) =>
      reply.type('application/json; charset=utf-8').send(JSON.stringify(answerEditor(door, form))),
    LARGE,
  )
}

function installChanges({ door, entrance }: Parts): void {
  const changes = new Changes(door.store, door.clock)
  entrance.open('GET', '/changes', (look, request, reply) => {
    if (entrance.session(request, look) === null) return reply.code(401).send()
    if (changes.isFull) return reply.code(503).header('retry-after', '30').send()
    const every = Number(new URLSearchParams(look.path.split('?')[1]).get('every'))
    const everyMs = Math.min(60, Math.max(1, every || 5)) * 1_000
    const lastId = String(request.headers['last-event-id'] ?? '')
    changes.add(reply, everyMs, lastId, () => entrance.session(request, look) !== null)
    return reply
  })
}
