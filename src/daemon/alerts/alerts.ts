// Each thing that is not well is told once to each target, and once more when it is mended; who was told stands in the state, so that a
// restart tells nothing twice.
import type { AlertsConfig } from '../../config/alerts.ts'
import type { Http } from '../../lib/net/http.ts'
import type { Log } from '../../lib/log/log.ts'
import { coerceError } from '../../lib/errors.ts'
import { META, type OpenAlert } from '../../state/meta.ts'
import type { Store } from '../../state/store.ts'
import { type Circumstances, findAlerts } from './find.ts'
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

  async look(found: Circumstances): Promise<void> {
    const findings = findAlerts(this.#config.when, found)
    const open = { ...this.#store.meta.get(META.alerts) }
    const since = new Date(found.now).toISOString()
    for (const [id, finding] of findings) {
      const known = open[id]
      open[id] =
        known === undefined
          ? { ...finding, since, told: [], wellLooks: 0 }
          : { ...known, ...finding, wellLooks: 0 }
    }
    for (const [id, alert] of Object.entries(open))
      if (!findings.has(id)) open[id] = { ...alert, wellLooks: alert.wellLooks + 1 }
    this.#write(open)
    for (const [id, alert] of Object.entries(open)) {
      if (findings.has(id)) await this.#tellAll(open, id, alert)
      else if (alert.wellLooks >= WELL_LOOKS) await this.#tellMended(open, id, alert)
    }
  }

  #write(open: Record<string, OpenAlert>): void {
    this.#store.meta.set(META.alerts, open)
  }

  /** Whoever could not be told is told by the next look. */
  async #tellAll(open: Record<string, OpenAlert>, id: string, alert: OpenAlert): Promise<void> {
    for (const index of this.#config.to.keys()) {
      if (alert.told.includes(index)) continue
      if (!(await this.#tell(index, { id, state: 'opened', ...wordsOf(alert) }))) continue
      alert.told.push(index)
      this.#write(open)
    }
  }

  /** Only whoever knows of it. */
  async #tellMended(open: Record<string, OpenAlert>, id: string, alert: OpenAlert): Promise<void> {
    for (const index of alert.told) {
      const isThere = index < this.#config.to.length
      if (isThere && !(await this.#tell(index, { id, state: 'mended', ...wordsOf(alert) }))) continue
      alert.told = alert.told.filter((one) => one !== index)
      this.#write(open)
    }
    if (alert.told.length > 0) return
    delete open[id]
    this.#write(open)
  }

  async #tell(index: number, message: Message): Promise<boolean> {
    const target = this.#config.to[index]!
    try {
      await tell(target, message, this.#http)
      this.#log.info('Somebody was told', { alert: message.id, state: message.state, to: nameOf(target) })
      return true
    } catch (thrown) {
      this.#log.warn('Nobody could be told', { alert: message.id, reason: coerceError(thrown).message })
      return false
    }
  }
}

const wordsOf = ({ severity, summary, action, since }: OpenAlert) => ({ severity, summary, action, since })
