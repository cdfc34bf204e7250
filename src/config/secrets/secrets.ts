// Where API keys come from: the environment (NAME or NAME_FILE), else the store in the state directory
// (config/secrets/store.ts). Keys never stand in connectors.yml.
import { readFileSync } from 'node:fs'

import { TajoError } from '../../lib/errors.ts'
import { Secret } from '../../lib/log/secret.ts'
import { follow } from './follow.ts'
import type { Env } from '../load.ts'

/** Reads NAME from the environment, or from the file that NAME_FILE names. */
export function readEnvSecret(name: string, env: Env): Secret | null {
  const direct = env[name]
  if (direct !== undefined && direct !== '') return new Secret(direct)
  const file = env[`${name}_FILE`]
  if (file === undefined || file === '') return null
  return follow(file, () => {
    const text = readSecretFile(name, file)
    // Also while it is being replaced: an empty key would be taken for one.
    if (text === '')
      throw new TajoError('secret_missing', `${name}_FILE names ${file}, which is empty.`, {
        hint: 'Write the key into it, and nothing else.',
      })
    return text
  })
}

function readSecretFile(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new TajoError('secret_missing', `${name}_FILE names ${file}, which can't be read.`, { cause })
  }
}

/** Where a secret may be, and what it is called. */
export interface WantedSecret {
  /** Of the environment, the first that is set counts. */
  variables: readonly string[]
  label: string
  /** Whose install stores it. */
  connector: string
}

/** Environment first, then the store. Throws `secret_missing` with what to do. */
export function requireSecret(
  env: Env,
  store: { follow(name: string): Secret | null },
  name: string,
  { variables, label, connector }: WantedSecret,
): Secret {
  for (const variable of variables) {
    const secret = readEnvSecret(variable, env)
    if (secret !== null) return secret
  }
  const stored = store.follow(name)
  if (stored !== null) return stored
  throw new TajoError('secret_missing', `There is no ${variables[0]}: ${label}.`, {
    hint: `Set ${variables[0]} in the environment, or store it with: tajo connectors install ${connector}`,
  })
}
