// Every source by name. test/sources/registry.test.ts fails when a folder is missing here.
import { createGorgias, type GorgiasConfig } from './gorgias/index.ts'
import { gorgiasSecrets } from './gorgias/secrets.ts'
import type { SourceName } from './names.ts'
import type { Credentials, Source, SourcePorts } from './source.ts'

export interface SecretField {
  env: string
  label: string
}

export interface SourceDefinition {
  /** Secrets by name. */
  secrets: Record<string, SecretField>
  create(config: never, credentials: Credentials, ports: SourcePorts): Source
}

export const SOURCES = {
  gorgias: {
    secrets: gorgiasSecrets,
    create: (config: GorgiasConfig, credentials, ports) => createGorgias(config, credentials, ports),
  },
} satisfies Record<SourceName, SourceDefinition>
