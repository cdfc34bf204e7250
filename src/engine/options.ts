// What an engine is opened with, and what a run is asked for.
import type { BrevoCaller } from '../brevo/client.ts'
import type { Destination } from '../model/destination.ts'
import type { Thresholds } from '../outbox/delivery.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Http } from '../lib/net/http.ts'
import type { Log } from '../lib/log/log.ts'
import type { Random } from '../lib/random.ts'
import type { Secret } from '../lib/log/secret.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { Resource } from '../model/requests.ts'
import type { Instant } from '../model/time.ts'
import type { Credentials } from '../sources/source.ts'
import type { OpenStore } from '../state/store.ts'
import type { Progress } from './report.ts'

export interface Ports {
  http: Http
  clock: Clock
  random: Random
  log: Log
  /** Whoever counts requests stands between: `api` is `brevo`, or the name of a connector. */
  watch?: (api: string, http: Http) => Http
  /** Default: the state on disk. */
  openStore?: OpenStore
  /** Default: Brevo. A dry run simulates it. */
  toDestination?: (caller: BrevoCaller, ports: Pick<Ports, 'clock'>) => Destination
}

export interface EngineOptions {
  /** Default: those of the product. The simulation reaches the ways of the many with few. */
  thresholds?: Thresholds
  config: Config
  stateDir: string
  /** By connector. */
  credentials: Record<string, Credentials>
  brevoKey: Secret
  /** Before the first sync: only so many customers, with everything of theirs; null or absent: all. */
  sample?: number | null
  /** While the sample is read: how many of its requests are done. */
  onSample?: (done: number, total: number) => void
  /** A changed mapping makes nobody due who is not marked already; `othersToWrite` tells of the others. */
  leaveOthers?: boolean
  /** What handlers wait for, now. */
  handled?: () => ReadonlySet<OccurrenceType>
  /** By connector: with what a webhook is repaired. */
  webhookSecrets?: Readonly<Record<string, Secret>>
}

export interface SyncOptions {
  resources?: readonly Resource[] | undefined
  /** Reads what changed since then again. */
  since?: Instant | undefined
  /** Reads again what may have changed without moving its date, such as surveys of the last weeks. Default: true. */
  settling?: boolean
  /** Leaves what is left of the first sync, and the phones, to `readInBackground`. */
  liveOnly?: boolean
  /** Reads everything again, after what changed. */
  reconcile?: boolean
  /** Reads this person before anything else, and leaves what is left of the first sync. */
  contact?: string | undefined
  /** How long to wait for an API that does not take a delivery now. */
  patienceMs?: number
  /** Whether to wait until no event is in doubt any more; that may take an hour. */
  waitForDoubt?: boolean
  /** Because of a webhook: without directories, which can wait. */
  quick?: boolean
  /** Reads, and leaves what follows for a later run: Brevo does not let us in. */
  readOnly?: boolean
  /** Takes away as many memberships as the mapping says. */
  acceptRemovals?: boolean
  onProgress?: ((progress: Progress) => void) | undefined
  /** Called once both sides take connectors.yml as it is: from then on it is in force. */
  onAccepted?: (() => void) | undefined
}
