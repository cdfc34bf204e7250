// The configuration as the rest of tajo sees it: complete, typed, frozen.
import { TajoError } from '../lib/errors.ts'
import type { AlertsConfig } from './alerts.ts'
import type { LogLevel } from '../lib/log/log.ts'
import type { BusinessHours } from '../lib/time/business-hours.ts'
import type { CampaignRule } from '../mapping/campaigns.ts'
import type { MappingRules } from '../mapping/compile.ts'
import type { RemovalLimit, UncertainRule } from '../model/operations.ts'
import type { Instant } from '../model/time.ts'
import type { Supports } from '../sources/source.ts'
import type { Words } from '../sources/workforce.ts'

export interface ConnectorConfig {
  /** As connectors.yml and the state call it. */
  name: string
  /** Its helpdesk, by its name in sources/index.ts. */
  source: string
  /** Its helpdesk in a sentence. */
  label: string
  enabled: boolean
  /** Names the account in event ids: the domain, or the address where there is none. */
  account: string
  /** What it can tell. */
  supports: Supports
  /** What the helpdesk's API takes. */
  pace: { requests: number; perSeconds: number }
  schedule: string
  surveySchedule: string
  /** When it is looked who of the shop is there; null: never. */
  agentStates: string | null
  /** Where its tables are kept fresh; null: nowhere. */
  extract: ExtractConfig | null
  businessHours: BusinessHours | null
  /** How soon changes are to be in Brevo: of the connector (null: nothing is said), and of single attributes. */
  objectives: { freshnessMs: number | null; attributes: Readonly<Record<string, number>> } | null
  surveyWindowMs: number
  backfillSince: Instant | null
  /** When everything is read again; null: never. */
  reconcile: string | null
  /** Whether a deleted customer keeps the memberships that tajo gave. */
  keepListsOfDeleted: boolean
  defaultCountry: string | undefined
  sync: { customers: boolean; tickets: boolean; satisfactionSurveys: boolean; tags: boolean }
  rules: MappingRules
  /** Where list ids stand in the file, for complaints. */
  listPlaces: { id: number; where: string }[]
  webhooks: { autoRepair: boolean; hmac: HmacConfig | null }
  /** What only the source understands. */
  options: Record<string, unknown>
}

export interface ExtractConfig {
  to: string
  schedule: string
  /** Null: all. */
  tables: readonly string[] | null
  format: 'csv' | 'jsonl' | 'parquet'
  /** As it is written: a duration counts from when it is read. */
  since: string
  layout: LayoutName
  /** What words of the workforce layout are called. */
  words: Words
}

export type LayoutName = 'vendor' | 'workforce'

export interface DeliveryConfig {
  /** Whether customers that Brevo does not know become contacts. */
  createContacts: boolean
  uncertain: UncertainRule
  maxRemovals: RemovalLimit
}

/** How many contacts a change of connectors.yml may touch unasked: a number, or a share of all. */
export type ChangeLimit = { count: number } | { share: number }

export interface HmacConfig {
  header: string
  algorithm: 'sha1' | 'sha256' | 'sha512'
  encoding: 'hex' | 'base64'
}

/** Null: nothing is served. */
export type ServerConfig = {
  host: string
  port: number
  publicUrl: string | null
  /** Whether the console is served. */
  console: boolean
} | null

export interface Config {
  /** The file, as it was named. */
  file: string
  brevo: { baseUrl: string; importList: number | undefined }
  server: ServerConfig
  /** Null: nobody is told. */
  alerts: AlertsConfig | null
  campaigns: CampaignRule[]
  connectors: ConnectorConfig[]
  /** Whose single values go first; names of connectors. */
  precedence: readonly string[]
  delivery: DeliveryConfig
  maxChange: ChangeLimit
  /** How long sent events are remembered. */
  eventRetentionMs: number
  /** How long what was in them is kept. */
  payloadRetentionMs: number
  log: { level: LogLevel; showPersonal: boolean; apiCalls: boolean }
}

/** A command may name a connector that connectors.yml does not have, or has switched off: usage. */
export function requireEnabled({ file, connectors }: Config, name: string): ConnectorConfig {
  const enabled = connectors.filter((one) => one.enabled)
  const connector = enabled.find((one) => one.name === name)
  if (connector !== undefined) return connector
  const hint = `There are: ${enabled.map((one) => one.name).join(', ')}.`
  throw new TajoError(
    'usage',
    `There is no enabled connector ${name} in ${file}.`,
    enabled.length > 0 ? { hint } : {},
  )
}
