// `server:` of connectors.yml.
import type { ServerConfig } from './config.ts'
import type { ConnectorsFile } from './schema/schema.ts'

export function toServer(raw: ConnectorsFile['server']): ServerConfig {
  if (raw?.enabled === false) return null
  return {
    host: raw?.host ?? '127.0.0.1',
    port: raw?.port ?? 8787,
    publicUrl: raw?.public_url?.replace(/\/+$/, '') ?? null,
  }
}
