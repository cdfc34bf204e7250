// A helpdesk and a Brevo on loopback, to try a mapping without touching an account. It imports nothing of the engine, so
// that it can prove the engine wrong.
import type { AddressInfo } from 'node:net'

import { BrevoAccount } from './brevo/account.ts'
import { type BrevoSandbox, createBrevo } from './brevo/brevo.ts'
import { createGorgias, type GorgiasSandbox } from './gorgias/gorgias.ts'
import { DEMO_SIZE, type SeedSize, seedWorld } from './shop/seed.ts'
import { installTrigger } from './trigger.ts'
import { deliverOverHttp, fireWebhooks } from './gorgias/webhooks.ts'
import { World } from './shop/world.ts'

export interface SandboxOptions {
  seed?: number
  size?: SeedSize
  /** Gorgias requests in any 20 seconds; null: no limit. Default: 40, as an API key has. */
  gorgiasLimit?: number | null
  /** Brevo requests a second; null: no limit. Default: 10, as every plan has. */
  brevoLimit?: number | null
  ports?: { gorgias: number; brevo: number }
  /** False: Brevo has no attributes but its own, and no lists. */
  prepared?: boolean
  /** Whether the helpdesk calls the webhooks that are installed in it, and lets things happen on request. */
  alive?: boolean
}

export interface Sandbox {
  world: World
  gorgias: GorgiasSandbox
  brevo: BrevoSandbox
  gorgiasUrl: string
  brevoUrl: string
  close(): Promise<void>
}

export const SANDBOX_KEYS = {
  GORGIAS_EMAIL: 'you@shop.example',
  GORGIAS_API_KEY: 'sandbox-gorgias-key',
  BREVO_API_KEY: 'sandbox-brevo-key',
}

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
  ['GORGIAS_ID', 'text'],
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
  const world = new World(createMicros())
  seedWorld(world, options.size ?? DEMO_SIZE, options.seed)
  const account = new BrevoAccount()
  const prepared = options.prepared ?? true
  for (const [name, type] of [...OWN_ATTRIBUTES, ...(prepared ? MAPPED_ATTRIBUTES : [])])
    account.addAttribute(name, type)
  if (prepared) for (const [id, name] of LISTS) account.lists.set(id, name)

  const limit = options.gorgiasLimit === undefined ? 40 : options.gorgiasLimit
  const gorgias = createGorgias({
    world,
    email: SANDBOX_KEYS.GORGIAS_EMAIL,
    apiKey: SANDBOX_KEYS.GORGIAS_API_KEY,
    rateLimit: limit === null ? null : { requests: limit, windowMs: 20_000 },
  })
  const brevo = createBrevo({
    account,
    apiKey: SANDBOX_KEYS.BREVO_API_KEY,
    perSecond: options.brevoLimit === undefined ? 10 : options.brevoLimit,
  })
  if (options.alive === true) {
    fireWebhooks(world, deliverOverHttp)
    installTrigger(gorgias.server, world)
  }
  await gorgias.server.listen({ host: '127.0.0.1', port: options.ports?.gorgias ?? 0 })
  try {
    await brevo.server.listen({ host: '127.0.0.1', port: options.ports?.brevo ?? 0 })
  } catch (thrown) {
    await gorgias.server.close()
    throw thrown
  }

  return {
    world,
    gorgias,
    brevo,
    gorgiasUrl: `http://127.0.0.1:${(gorgias.server.server.address() as AddressInfo).port}/api`,
    brevoUrl: `http://127.0.0.1:${(brevo.server.server.address() as AddressInfo).port}/v3`,
    async close() {
      gorgias.server.server.closeAllConnections()
      brevo.server.server.closeAllConnections()
      await Promise.all([gorgias.server.close(), brevo.server.close()])
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
