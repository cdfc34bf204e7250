// One life of the daemon: the real engine, state and senders in a virtual world, killed at a given step or stopped.
import type { Config } from '../../src/config/config.ts'
import { parseConfig } from '../../src/config/load.ts'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import type { Schedule } from '../../src/lib/time/schedule.ts'
import type { Log } from '../../src/lib/log/log.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import type { Thresholds } from '../../src/outbox/delivery.ts'
import { openStore, type Store } from '../../src/state/store.ts'
import { Killed, ProcessClock } from './clock.ts'
import type { Served, Serving } from '../../src/daemon/serve.ts'
import { BREVO_URL, createHttpFor, HELPDESK_URL, type Network, OUTLET_URL } from './network.ts'
import { readSetAsideKey } from '../../src/model/set-aside.ts'
import { DIALECTS, type HelpdeskName } from './dialect.ts'
import { OUTLET_MAPPING } from './outlet.ts'

/** Every account takes them. */
const KEYS = {
  email: new Secret('sim@shop.example'),
  api_key: new Secret('sim-key'),
  access_token: new Secret('sim-token'),
  username: new Secret('sim@shop.example'),
}

export interface Life {
  /** Resolves when it is over, in whatever way. */
  over: Promise<void>
  isOver(): boolean
  isDead(): boolean
  kill(): void
  /** From here on nothing kills it any more. */
  spare(): void
  stop(): void
  /** Ids of records that could not be read so far: each is asked for ever more rarely. */
  setAside(): Set<string>
}

export interface LifeOptions {
  network: Network
  wall: { offsetMs: number }
  stateDir: string
  yaml: string
  seed: number
  /** When it is killed; null: never. */
  death: Death | null
  /** Whether the helpdesk calls it. */
  webhooks: boolean
  /** Of the first account: what its connector is called. */
  helpdesk: HelpdeskName
  thresholds: Thresholds
  log: Log
}

/**
 * Killed before this many statements, commits, requests, answers and sleeps: of its whole life, or since the helpdesk answered
 * so many times, which is in the middle of what one page causes.
 */
export interface Death {
  steps: number
  afterPage: number
  /** Of the steps only those that write to the state. */
  changes: boolean
}

export function live(options: LifeOptions): Life {
  const { network, stateDir } = options
  let steps = 0
  let dead = false
  let { death } = options
  let pages = 0
  let over = false
  let abandon = (): void => undefined

  const kill = (): void => {
    if (dead) return
    dead = true
    abandon()
    clock.kill()
  }
  const step = (what: 'change' | 'other' = 'other'): void => {
    if (dead) throw new Killed()
    if (death === null || pages < death.afterPage || (death.changes && what !== 'change')) return
    steps += 1
    if (steps !== death.steps) return
    kill()
    throw new Killed()
  }
  const clock = new ProcessClock(network.universe, options.wall, step)
  const process = { step, isDead: () => dead }
  const onAnswer = (side: 'helpdesk' | 'brevo'): void => {
    if (side === 'helpdesk') pages += 1
  }
  const http = createHttpFor(network, {
    isDead: process.isDead,
    onAnswer,
    // The SDK must not see a rejection; a killed process simply hears nothing.
    step: () => {
      try {
        step()
      } catch {
        // What follows asks whether it is dead.
      }
    },
  })

  let daemon: Daemon | null = null
  let store: Store | null = null
  const over$ = (async () => {
    try {
      daemon = startDaemon(
        {
          config: toConfig(options.yaml),
          stateDir,
          credentials: { [options.helpdesk]: KEYS, outlet: KEYS },
          brevoKey: new Secret('sim-brevo'),
          thresholds: options.thresholds,
        },
        {
          http,
          clock,
          random: createSeededRandom(options.seed),
          log: options.log,
          openStore: (directory) =>
            (store = openStore(directory, {
              step,
              opened: (close) => {
                abandon = close
              },
            })),
          ...(options.webhooks
            ? { serve: async (served) => serveHints(network, served, process, options.helpdesk) }
            : {}),
          startSchedule: (expression, run) => startVirtualSchedule(network, expression, run),
        },
      )
      await daemon.ended
    } catch (thrown) {
      if (!dead) throw thrown
    } finally {
      over = true
    }
  })()

  return {
    over: over$,
    isOver: () => over,
    isDead: () => dead,
    kill,
    spare: () => (death = null),
    stop: () => daemon?.stop(),
    setAside() {
      const records = (store?.deadLetters.list() ?? []).filter(({ kind }) => kind === 'record')
      return new Set(records.map(({ key }) => readSetAsideKey(key).id))
    },
  }
}

/** Deliveries are on disk before they are answered; here the network brings the hints themselves. */
function serveHints(
  network: Network,
  { engine, onRefreshRequest, onFailure }: Served,
  process: { isDead(): boolean },
  connector: string,
): Serving {
  const toTicketId = DIALECTS[connector as HelpdeskName].ticketId
  const deliver = async (id: number): Promise<void> => {
    if (process.isDead()) return
    try {
      engine.store.transaction(() =>
        engine.store.refreshRequests.put(
          connector,
          { kind: 'ticket', id: toTicketId(id) },
          network.universe.now * 1_000,
        ),
      )
      onRefreshRequest(connector)
    } catch (thrown) {
      if (!(thrown instanceof Killed)) onFailure(thrown)
    }
  }
  network.onWebhook = (id) => void deliver(id)
  return {
    address: 'https://tajo.test',
    close: async () => {
      network.onWebhook = null
    },
  }
}

const configs = new Map<string, Config>()

function toConfig(yaml: string): Config {
  const known = configs.get(yaml) ?? parseConfig('connectors.yml', yaml, {})
  configs.set(yaml, known)
  return known
}

/** Minute and hour fields of cron: numbers and steps, all that the simulation's configuration uses. */
export function startVirtualSchedule(
  { universe }: Pick<Network, 'universe'>,
  expression: string,
  run: () => Promise<void>,
): Schedule {
  const [minute = '*', hour = '*'] = expression.split(' ')
  const matches = (field: string, value: number): boolean =>
    field === '*' || (field.startsWith('*/') ? value % Number(field.slice(2)) === 0 : value === Number(field))
  const nextAfter = (time: number): number => {
    let at = (Math.floor(time / 60_000) + 1) * 60_000
    while (!matches(minute, new Date(at).getUTCMinutes()) || !matches(hour, new Date(at).getUTCHours()))
      at += 60_000
    return at
  }
  let running = false
  let cancel = (): void => undefined
  const plan = (): void => {
    cancel = universe.at(nextAfter(universe.now), () => {
      plan()
      if (running) return
      running = true
      void run().finally(() => (running = false))
    })
  }
  plan()
  return { next: () => nextAfter(universe.now), stop: async () => cancel() }
}

/** What the oracle computes from the history; crash-test runs the same. */
export const MAPPING = `    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    tag_lists: { vip: 40 }
    field_mapping:
      id: GORGIAS_ID
      name: FIRSTNAME
      nb_tickets: TICKET_COUNT
      open_tickets: OPEN_TICKETS
      last_ticket_channel: LAST_CHANNEL
      avg_response_time: AVG_RESPONSE_TIME
      last_satisfaction_score: CSAT_SCORE
      satisfaction_count: CSAT_RESPONSES
      custom_fields.tier: TIER
      custom_fields.wholesale: WHOLESALE
    event_mapping:
      ticket.created: TICKET_CREATED
      ticket.closed: TICKET_CLOSED
      ticket.reopened: TICKET_REOPENED
      ticket.merged: TICKET_MERGED
      satisfaction_survey.created: SURVEY_CREATED
      satisfaction_survey.responded: SURVEY_RESPONDED
      customer.created: CUSTOMER_CREATED
`

/** One without guards, and one that fires once for a contact. */
const CAMPAIGNS = `campaigns:
  echo: { on: ticket.closed, event: CAMPAIGN_ECHO, delay: 7m }
  thanks: { on: ticket.closed, event: CAMPAIGN_THANKS, guards: { cooldown: 30d } }
`

/** Where each helpdesk answers, as its connector says it. */
function toAddress(helpdesk: HelpdeskName, url: string): string {
  if (helpdesk === 'intercom') return `api_url: "${new URL(url).origin}"`
  return `base_url: "${helpdesk === 'gladly' ? `${url}/v1` : url}"`
}

/** Intercom never tells of merged tickets. */
function toMapping(helpdesk: HelpdeskName, extId: boolean): string {
  const mapping = extId
    ? MAPPING.replace('field_mapping:', 'field_mapping:\n      external_id: EXT_ID')
    : MAPPING
  if (helpdesk === 'gorgias') return mapping
  const unmerged = mapping.replace('      ticket.merged: TICKET_MERGED\n', '')
  return helpdesk === 'gladly'
    ? withoutSurveys(unmerged).replace(/ *custom_fields.wholesale.*\n/, '')
    : unmerged
}

/** Gladly has none of its own. */
export const withoutSurveys = (mapping: string): string =>
  mapping
    .replace(/ *(last_satisfaction_score|satisfaction_count|satisfaction_survey).*\n/g, '')
    .replace(/, (dis)?satisfied_customers: \d+/g, '')

export function toYaml(options: {
  /** Null: never. */
  reconcile: string | null
  schedule: string
  rateLimit: string
  importList: boolean
  create: 'always' | 'never'
  policy: string
  verifyAfter?: string
  campaigns?: boolean
  /** Maps the customer's id in the shop to an identifier of Brevo's, which no import carries. */
  extId?: boolean
  /** A second account. */
  outlet?: boolean
  /** Whose account the first is, and the second. */
  helpdesk?: HelpdeskName
  second?: HelpdeskName
}): string {
  const reading = `    schedule: "${options.schedule}"
    reconcile: ${JSON.stringify(options.reconcile ?? false)}
    rate_limit: ${options.rateLimit}
`
  const { helpdesk = 'gorgias', second = 'gorgias' } = options
  const outlet = `  outlet:
    source: ${second}
    ${toAddress(second, OUTLET_URL)}
${reading}${second === 'gladly' ? withoutSurveys(OUTLET_MAPPING) : OUTLET_MAPPING}`
  return `brevo: { base_url: "${BREVO_URL}"${options.importList ? ', import_list: 50' : ''} }
contacts: { create: ${options.create} }
events: { when_uncertain: ${options.policy}, verify_after: ${options.verifyAfter ?? '5m'} }
${options.campaigns === true ? CAMPAIGNS : ''}connectors:
  ${helpdesk}:
    ${toAddress(helpdesk, HELPDESK_URL)}
${reading}${toMapping(helpdesk, options.extId === true)}${options.outlet === true ? outlet : ''}`
}
