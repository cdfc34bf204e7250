// Each thing that is not well is told once to each target, and once more when it is mended; who was told stands in the state, so that a
// restart tells nothing twice.
import { createHash } from 'node:crypto'

import type { AlertsConfig, AlertTarget } from '../../config/alerts.ts'
import type { Http } from '../../lib/net/http.ts'
import type { Log } from '../../lib/log/log.ts'
import { coerceError } from '../../lib/errors.ts'
import { META, type OpenAlert } from '../../state/meta.ts'
import type { Store } from '../../state/store.ts'
import { type Circumstances, findAlerts, isAsked } from './find.ts'
import { type Message, nameOf, tell } from './tell.ts'

/** What is well in two looks in a row is mended: what comes and goes is told once. */
const WELL_LOOKS = 2

export class Alerts {
  readonly #config: AlertsConfig
  readonly #store: Store
  readonly #http: Http
  readonly #log: Log

  constructor(config: AlertsConfig, { store, http, log }: { store: Store; http: Http; log: Log }) {
    this.#config = config
    this.#store = store
    this.#http = http
    this.#log = log
  }

  async look(found: Circumstances, signal?: AbortSignal): Promise<void> {
    const rules = this.#config.when
    const findings = findAlerts(rules, found)
    const known = this.#store.meta.get(META.alerts) ?? {}
    // What nobody asks for any more is neither well nor mended: it is dropped without a word.
    const open = Object.fromEntries(Object.entries(known).filter(([id]) => isAsked(id, rules, found)))
    const since = new Date(found.now).toISOString()
    for (const [id, finding] of findings)
      open[id] = { since, told: [], ...open[id], ...finding, wellLooks: 0 }
    for (const [id, alert] of Object.entries(open)) if (!findings.has(id)) alert.wellLooks += 1
    this.#write(open)
    for (const [id, alert] of Object.entries(open)) {
      if (findings.has(id)) await this.#tellAll(open, id, alert, signal)
      else if (alert.wellLooks >= WELL_LOOKS) await this.#tellMended(open, id, alert, signal)
    }
  }

  #write(open: Record<string, OpenAlert>): void {
    this.#store.meta.set(META.alerts, open)
  }

  /** Whoever could not be told is told by the next look. */
  async #tellAll(
    open: Record<string, OpenAlert>,
    id: string,
    alert: OpenAlert,
    signal?: AbortSignal,
  ): Promise<void> {
    for (const target of this.#config.to) {
      const digest = digestOf(target)
      if (alert.told.includes(digest)) continue
      if (!(await this.#tell(target, { id, state: 'opened', ...wordsOf(alert) }, signal))) continue
      alert.told.push(digest)
      this.#write(open)
    }
  }

  /** Only whoever knows of it, and is still to be told of anything. */
  async #tellMended(
    open: Record<string, OpenAlert>,
    id: string,
    alert: OpenAlert,
    signal?: AbortSignal,
  ): Promise<void> {
    let left = 0
    for (const target of this.#config.to) {
      const digest = digestOf(target)
      if (!alert.told.includes(digest)) continue
      if (await this.#tell(target, { id, state: 'mended', ...wordsOf(alert) }, signal)) {
        alert.told = alert.told.filter((one) => one !== digest)
        this.#write(open)
      } else left += 1
    }
    if (left > 0) return
    delete open[id]
    this.#write(open)
  }

  async #tell(target: AlertTarget, message: Message, signal?: AbortSignal): Promise<boolean> {
    try {
      await tell(target, message, this.#http, signal)
      this.#log.info('Somebody was told', { alert: message.id, state: message.state, to: nameOf(target) })
      return true
    } catch (thrown) {
      signal?.throwIfAborted()
      this.#log.warn('Nobody could be told', { alert: message.id, reason: coerceError(thrown).message })
      return false
    }
  }
}

const wordsOf = ({ severity, summary, action, since }: OpenAlert) => ({ severity, summary, action, since })

/** Addresses of Slack are secret. */
const digestOf = (target: AlertTarget): string =>
  createHash('sha256').update(JSON.stringify(target)).digest('hex').slice(0, 16)
