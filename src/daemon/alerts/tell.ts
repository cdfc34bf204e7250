// How somebody is told: a webhook, a channel of Slack, an e-mail. Never through Brevo: that it does not answer is one of the things to tell.
import { createHmac } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import type { AlertTarget } from '../../config/alerts.ts'
import { TajoError } from '../../lib/errors.ts'
import { withoutPassword } from '../../lib/net/address.ts'
import { linkSignal } from '../../lib/net/abort.ts'
import type { Http } from '../../lib/net/http.ts'
import { loadPackage } from '../../lib/packages.ts'

export interface Message {
  id: string
  state: 'opened' | 'mended' | 'test'
  severity: 'critical' | 'warning'
  summary: string
  action: string
  /** ISO 8601. */
  since: string
}

const TIMEOUT_MS = 10_000

/** In a sentence; without what is secret in it. */
export function nameOf(target: AlertTarget): string {
  switch (target.kind) {
    case 'webhook':
      return `the webhook at ${new URL(target.url).host}`
    case 'slack':
      return `Slack at ${new URL(target.url).host}`
    case 'email':
      return `${target.address} by ${withoutPassword(target.smtp)}`
  }
}

/** Throws `alert_untold` where it did not arrive. */
export async function tell(
  target: AlertTarget,
  message: Message,
  http: Http,
  signal?: AbortSignal,
): Promise<void> {
  switch (target.kind) {
    case 'webhook':
      return await post(target, JSON.stringify({ version: 1, ...message }), target.secret, http, signal)
    case 'slack':
      return await post(target, JSON.stringify({ text: toText(message) }), null, http, signal)
    case 'email':
      return await mail(target, message, signal)
  }
}

const MARKS = { opened: '🔴', mended: '🟢', test: '🔵' } as const

export function toText({ state, summary, action, since }: Message): string {
  const when = `since ${since.slice(0, 16).replace('T', ' ')} UTC`
  if (state === 'mended') return `${MARKS.mended} Mended: ${summary} (${when})`
  return `${MARKS[state]} ${summary} (${when})\n${action}`
}

async function post(
  target: AlertTarget & { url: string },
  body: string,
  secret: string | null,
  http: Http,
  signal: AbortSignal | undefined,
): Promise<void> {
  const signature =
    secret === null
      ? {}
      : { 'x-tajo-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
  const outcome = await http.send({
    method: 'POST',
    url: target.url,
    headers: { 'content-type': 'application/json', ...signature },
    body,
    timeoutMs: TIMEOUT_MS,
    signal,
  })
  if (outcome.outcome !== 'answer') throw untold(target, outcome.reason)
  if (outcome.status < 200 || outcome.status >= 300) throw untold(target, `it answered ${outcome.status}`)
}

type Mailer = {
  createTransport(address: string): {
    sendMail(mail: object): Promise<unknown>
    close(): void
  }
}

async function mail(
  target: AlertTarget & { kind: 'email' },
  message: Message,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { default: mailer } = await loadPackage<{ default: Mailer }>(
    'nodemailer',
    'Alerts by e-mail',
    () => import('nodemailer'),
  )
  const transport = mailer.createTransport(target.smtp)
  const late = linkSignal(signal)
  const sent = transport.sendMail({
    from: target.from ?? (decodeURIComponent(new URL(target.smtp).username) || target.address),
    to: target.address,
    subject: `tajo: ${message.state === 'mended' ? 'mended: ' : ''}${message.summary}`,
    text: toText(message),
  })
  try {
    await Promise.race([
      sent,
      delay(2 * TIMEOUT_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error('the server did not answer')
      }),
    ])
  } catch (thrown) {
    throw untold(target, thrown instanceof Error ? thrown.message : String(thrown))
  } finally {
    late.abort()
    late.release()
    sent.catch(() => undefined)
    transport.close()
  }
}

const untold = (target: AlertTarget, reason: string): TajoError =>
  new TajoError('alert_untold', `${capital(nameOf(target))} could not be told (${reason}).`, {
    hint: 'Check the address in `alerts` of connectors.yml; tajo alerts test tries it.',
  })

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
