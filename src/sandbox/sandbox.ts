// A helpdesk and a Brevo on loopback, to try a mapping without touching an account. It imports nothing of the engine, so
// that it can prove the engine wrong.
import type { AddressInfo } from 'node:net'

import { BrevoAccount } from './brevo/account.ts'
import { type BrevoSandbox, createBrevo } from './brevo/brevo.ts'
import { deliverOverHttp } from './deliver.ts'
import type { Fake, HelpdeskSandbox } from './helpdesk.ts'
import { HELPDESKS, requireHelpdesk } from './helpdesks.ts'
import { DEMO_SIZE, type SeedSize, seedWorld } from './shop/seed.ts'
import { installTrigger } from './trigger.ts'
import { World } from './shop/world.ts'

export interface SandboxOptions {
  /** Which helpdesk the shop has; default: the first of the list. */
  helpdesk?: string
  seed?: number
  size?: SeedSize
  /** Requests in the helpdesk's window; null: no limit. Default: what its vendor lets anybody ask. */
  helpdeskLimit?: number | null
  /** Brevo requests a second; null: no limit. Default: 10, as every plan has. */
  brevoLimit?: number | null
  ports?: { helpdesk: number; brevo: number }
  /** False: Brevo has no attributes but its own, and no lists. */
  prepared?: boolean
  /** Whether the helpdesk calls the webhooks that are installed in it, and lets things happen on request. */
  alive?: boolean
}

export interface Sandbox {
  world: World
  definition: HelpdeskSandbox
  helpdesk: Fake
  brevo: BrevoSandbox
  helpdeskUrl: string
  brevoUrl: string
  close(): Promise<void>
}

export const SANDBOX_BREVO_KEY = 'sandbox-brevo-key'

/** The lists of the documentation's connectors.yml. */
const LISTS: [number, string][] = [
  [35, 'Support contacts'],
  [36, 'Satisfied customers'],
  [37, 'Dissatisfied customers'],
  [40, 'VIP'],
  [41, 'Wholesale'],
]

const OWN_ATTRIBUTES: [string, string][] = [
  ['FIRSTNAME', 'text'],
  ['LASTNAME', 'text'],
  ['SMS', 'text'],
]

/** The attributes of the documentation's connectors.yml. */
const MAPPED_ATTRIBUTES: [string, string][] = [
  ['TICKET_COUNT', 'float'],
  ['LAST_SUPPORT_DATE', 'date'],
  ['LAST_SUPPORT_CHANNEL', 'text'],
  ['AVG_RESPONSE_TIME', 'float'],
  ['CSAT_SCORE', 'float'],
  ['CSAT_RESPONSES', 'float'],
  ['CUSTOMER_TYPE', 'text'],
  ['VIP_STATUS', 'boolean'],
]

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const definition = requireHelpdesk(options.helpdesk ?? HELPDESKS[0]!.name)
  const world = new World(createMicros())
  seedWorld(world, options.size ?? definition.size ?? DEMO_SIZE, options.seed)
  const account = new BrevoAccount()
  const prepared = options.prepared ?? true
  const mapped: [string, string][] = [[definition.idAttribute, 'text'], ...MAPPED_ATTRIBUTES]
  for (const [name, type] of [...OWN_ATTRIBUTES, ...(prepared ? mapped : [])])
    account.addAttribute(name, type)
  if (prepared) for (const [id, name] of LISTS) account.lists.set(id, name)

  const { windowMs, requests } = definition.limit
  const { helpdeskLimit: limit = requests } = options
  const helpdesk = definition.create({
    world,
    rateLimit: limit === null ? null : { requests: limit, windowMs },
  })
  const brevo = createBrevo({
    account,
    apiKey: SANDBOX_BREVO_KEY,
    perSecond: options.brevoLimit === undefined ? 10 : options.brevoLimit,
  })
  if (options.alive === true) {
    definition.fireWebhooks(world, deliverOverHttp)
    installTrigger(helpdesk.server, world)
  }
  await helpdesk.server.listen({ host: '127.0.0.1', port: options.ports?.helpdesk ?? 0 })
  try {
    await brevo.server.listen({ host: '127.0.0.1', port: options.ports?.brevo ?? 0 })
  } catch (thrown) {
    await helpdesk.server.close()
    throw thrown
  }

  return {
    world,
    definition,
    helpdesk,
    brevo,
    helpdeskUrl: `http://127.0.0.1:${(helpdesk.server.server.address() as AddressInfo).port}${definition.base}`,
    brevoUrl: `http://127.0.0.1:${(brevo.server.server.address() as AddressInfo).port}/v3`,
    async close() {
      helpdesk.server.server.closeAllConnections()
      brevo.server.server.closeAllConnections()
      await Promise.all([helpdesk.server.close(), brevo.server.close()])
    },
  }
}

/** Microseconds that never repeat, as a busy helpdesk's clock. */
function createMicros(): () => number {
  let last = 0
  return () => {
    last = Math.max(last + 1, Date.now() * 1000)
    return last
  }
}
