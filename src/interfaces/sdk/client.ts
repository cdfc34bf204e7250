// TajoClient: the door for engineers.
import { type Clock, systemClock } from '../../lib/time/clock.ts'
import { TajoError } from '../../lib/errors.ts'
import { createHttp } from '../../lib/net/http.ts'
import { createLog, type Log } from '../../lib/log/log.ts'
import { systemRandom } from '../../lib/random.ts'
import { createRedactor } from '../../lib/log/redact.ts'
import { OCCURRENCE_TYPES, type OccurrenceType } from '../../model/occurrence.ts'
import { createDispatcher, type Dispatcher } from './dispatcher.ts'
import { createLocal } from './local.ts'
import { createRemote } from './remote.ts'
import type {
  Backend,
  Connected,
  ConnectOptions,
  ConnectorStatus,
  Handler,
  HelpdeskEvent,
  SyncReport,
  SyncRequest,
  TajoClientOptions,
  Triggered,
  TriggerRequest,
} from './types.ts'

const HANDLER_TIMEOUT_MS = 30_000

/**
 * Syncs, handlers and campaigns from code. Without `baseUrl` the engine runs in this process, with the working directory's
 * connectors.yml and state; with it, a running daemon is asked. Errors are `TajoError`: a `code`, a `cause` and a `hint`.
 */
export class TajoClient {
  readonly connectors: Connectors
  readonly campaigns: Campaigns
  readonly #backend: Backend
  readonly #dispatcher: Dispatcher

  constructor(options: TajoClientOptions = {}) {
    const clock: Clock = systemClock
    this.#backend =
      options.baseUrl === undefined
        ? createLocal(options, { http: createHttp(), clock, random: systemRandom, log: toLog(options) })
        : createRemote(options.baseUrl, requireKey(options.apiKey), createHttp())
    this.#dispatcher = createDispatcher(this.#backend, clock, options.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS)
    this.connectors = new Connectors(this.#backend, this.#dispatcher)
    this.campaigns = new Campaigns(this.#backend)
  }

  /** Tells handlers what is due, ends what is under way, and gives the state back. */
  async close(): Promise<void> {
    await this.#dispatcher.drain().catch(() => undefined)
    await this.#dispatcher.close()
    await this.#backend.close()
  }
}

export class Connectors {
  readonly #backend: Backend
  readonly #dispatcher: Dispatcher

  constructor(backend: Backend, dispatcher: Dispatcher) {
    this.#backend = backend
    this.#dispatcher = dispatcher
  }

  /** Tries the keys. What is given goes before the configuration and the environment. */
  async connect(name: string, options: ConnectOptions = {}): Promise<Connected> {
    return await this.#backend.connect(name, options)
  }

  /** Reads what changed and delivers what follows; resolves with what was done. */
  async sync(name: string, request: SyncRequest = {}): Promise<SyncReport> {
    return await this.#backend.sync(name, request)
  }

  /** What is connected, how far it is, and what was set aside. */
  async status(name: string): Promise<ConnectorStatus> {
    return await this.#backend.status(name)
  }

  /** Something that the helpdesk told. On disk when this resolves; its ticket is read again right after. */
  async handleEvent(name: string, event: HelpdeskEvent): Promise<{ accepted: boolean }> {
    return await this.#backend.requestRefresh(name, event)
  }

  /**
   * Calls `handler` once for each occurrence from now on, after it was read; the function that is given takes that back.
   * A handler that throws or hangs holds up nothing: it is called again later, and set aside after five tries.
   */
  on<Type extends OccurrenceType>(name: string, type: Type, handler: Handler<Type>): () => void {
    if (!OCCURRENCE_TYPES.includes(type))
      throw new TajoError('usage', `There is no occurrence "${type}".`, {
        hint: `There are: ${OCCURRENCE_TYPES.join(', ')}.`,
      })
    this.#backend.listen(name, [type]).catch(() => undefined)
    return this.#dispatcher.on(name, type, handler as Handler<OccurrenceType>)
  }
}

export class Campaigns {
  readonly #backend: Backend

  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** Fires a campaign for one contact, if its guards in connectors.yml allow it; `reason` says why not. */
  async trigger(name: string, request: TriggerRequest): Promise<Triggered> {
    return await this.#backend.trigger(name, request)
  }
}

function requireKey(apiKey: string | undefined): string {
  if (apiKey !== undefined && apiKey !== '') return apiKey
  throw new TajoError('secret_missing', 'A running daemon wants an apiKey.', {
    hint: 'Give TajoClient the TAJO_API_KEY that the daemon was started with.',
  })
}

const SILENT: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  verbose: () => undefined,
  debug: () => undefined,
}

function toLog({ logLevel = 'silent' }: TajoClientOptions): Log {
  return logLevel === 'silent'
    ? SILENT
    : createLog({
        level: logLevel,
        readable: process.stderr.isTTY,
        color: process.stderr.isTTY,
        redactor: createRedactor({ showPersonal: false }),
      })
}
