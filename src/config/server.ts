// `server:` of connectors.yml.
import { isLoopback } from '../lib/net/address.ts'
import type { ServerConfig } from './config.ts'
import type { RuleComplaint } from './rule.ts'
import type { ConnectorsFile } from './schema/schema.ts'

const HOST = '127.0.0.1'

export function toServer(raw: ConnectorsFile['server']): ServerConfig {
  if (raw?.enabled === false) return null
  return {
    host: raw?.host ?? HOST,
    port: raw?.port ?? 8787,
    publicUrl: raw?.public_url?.replace(/\/+$/, '') ?? null,
    console: raw?.console ?? false,
  }
}

/** A page that others can reach answers to the one name that it is given, so that no other page can pose as it. */
export function findServerComplaints({ server }: ConnectorsFile): RuleComplaint[] {
  if (server?.console !== true) return []
  if (server.enabled === false)
    return [
      {
        path: ['server', 'console'],
        message: 'The console needs the server, which `enabled: false` switches off.',
      },
    ]
  if (server.public_url !== undefined || isLoopback(server.host ?? HOST)) return []
  return [
    {
      path: ['server', 'console'],
      message: `With \`host: ${server.host}\` others can reach the console: say under which address, as \`public_url: https://…\`, and put a proxy with https in front of it.`,
    },
  ]
}
