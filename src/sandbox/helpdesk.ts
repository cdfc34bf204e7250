// What a helpdesk of the sandbox is: a fake of one vendor's API over the neutral shop. Collected in helpdesks.ts.
import type { FastifyInstance } from 'fastify'

import type { Intercept } from './faults.ts'
import type { SeedSize } from './shop/seed.ts'
import type { World } from './shop/world.ts'

/** A call to a webhook that is due. */
export interface Delivery {
  url: string
  headers: Record<string, string>
  body: string
}

export interface FakeOptions {
  /** Takes the routes instead of a new web server. */
  server?: FastifyInstance
  world: World
  /** By the names of its secrets; default: its own. */
  keys?: Readonly<Record<string, string>>
  /** Null: no limit. */
  rateLimit: { requests: number; windowMs: number } | null
  /** How a search is behind and how little it gives at once, where it is worse than usual; only vendors that have searches. */
  index?: { lagMs: number; mostPerPage: number }
}

/** A fake that runs. */
export interface Fake {
  server: FastifyInstance
  /** How often each path was asked, by its template. */
  requests: Map<string, number>
  /** Answers a request differently, where it says so. */
  intercept: Intercept | null
}

export interface HelpdeskSandbox {
  /** As in connectors.yml. */
  name: string
  label: string
  /** The attribute that the documentation's mapping gives the customer's id. */
  idAttribute: string
  /** What it lets in, by the names of its secrets. */
  keys: Readonly<Record<string, string>>
  /** The API's path: `/api`. */
  base: string
  /** How large its shop is, where each customer is a request of their own. */
  size?: SeedSize
  /** What the demo says of its account besides its address: lines of its block. */
  demo?: readonly string[]
  /** What the vendor lets anybody ask. */
  limit: { requests: number; windowMs: number }
  create(options: FakeOptions): Fake
  /** Calls the webhooks that are installed, and those at `address`; a test may lose, double or delay what is sent. */
  fireWebhooks(
    world: World,
    send: (delivery: Delivery) => Promise<boolean>,
    entered?: { url: string; secret: string },
  ): void
}
