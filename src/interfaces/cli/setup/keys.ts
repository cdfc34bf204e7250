// The keys that a command asks for, and what is made in Brevo with them.
import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { TajoError } from '../../../lib/errors.ts'
import { Secret } from '../../../lib/log/secret.ts'
import type { MappingIssue } from '../../../mapping/compile.ts'
import { requireSource, variablesOf } from '../../../sources/index.ts'
import type { Credentials, SecretField } from '../../../sources/source.ts'
import type { OAuthClient } from './oauth.ts'
import { askSecret, confirm, createStdinLines, type StdinLines } from '../terminal/ask.ts'
import { BREVO_KEY_LABEL } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

/** As commander gives them: `--api-key` is `apiKey`, whichever helpdesk it belongs to. */
export interface KeyOptions {
  brevoApiKey?: string
  /** By secret: what was got otherwise, and is not asked for. */
  tokens?: Credentials
  [flag: string]: unknown
}

export interface Keys {
  credentials: Credentials
  brevoKey: Secret
}

/** Both sides' keys. `stored`: those that an earlier install left, where none are given. Throws `secret_missing`. */
export async function findKeys(
  connector: { name: string; source: string },
  options: KeyOptions,
  alone: boolean,
  stored: (name: string) => Secret | null = () => null,
  lines: StdinLines = createStdinLines(),
): Promise<Keys> {
  const credentials: Credentials = {}
  for (const [field, secret] of Object.entries(requireSource(connector.source).secrets)) {
    const token = options.tokens?.[field]
    if (token !== undefined) {
      credentials[field] = token
      continue
    }
    const given = options[toOption(secret.flag)]
    const where = { ...secret, variables: variablesOf(connector, secret, alone) }
    const key = `${connector.name}.${field}`
    credentials[field] = await findSecret(typeof given === 'string' ? given : undefined, where, lines, () =>
      stored(key),
    )
  }
  const brevo = { variables: ['BREVO_API_KEY'], label: BREVO_KEY_LABEL, sensitive: true }
  const brevoKey = await findSecret(options.brevoApiKey, brevo, lines, () => stored('brevo.api_key'))
  return { credentials, brevoKey }
}

/** What the helpdesk's app is known by. Throws `usage` where it lets nobody in by OAuth. */
export async function findClient(
  connector: { name: string; source: string },
  options: KeyOptions,
  alone: boolean,
  lines: StdinLines,
): Promise<OAuthClient> {
  const { oauth, label } = requireSource(connector.source)
  if (oauth === undefined)
    throw new TajoError('usage', `${label} lets nobody in by OAuth.`, { hint: 'Install it without --oauth.' })
  const find = (secret: SecretField): Promise<Secret> => {
    const given = options[toOption(secret.flag)]
    const where = { ...secret, variables: variablesOf(connector, secret, alone) }
    return findSecret(typeof given === 'string' ? given : undefined, where, lines, () => null)
  }
  const clientId = (await find(oauth.client.id)).reveal()
  return { clientId, clientSecret: await find(oauth.client.secret) }
}

/** `--api-key` → `apiKey`, as commander does. */
export function toOption(flag: string): string {
  return flag.replace(/^--/, '').replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** Stores what an install or a rotation was given. */
export function storeKeys(
  store: { write(name: string, secret: Secret): void },
  name: string,
  { credentials, brevoKey }: Keys,
): void {
  for (const [field, secret] of Object.entries(credentials)) store.write(`${name}.${field}`, secret)
  store.write('brevo.api_key', brevoKey)
}

/** From the command line, the environment, the state, standard input, or a prompt that shows nothing. */
async function findSecret(
  given: string | undefined,
  { variables, label, sensitive }: { variables: readonly string[]; label: string; sensitive: boolean },
  lines: StdinLines,
  findStored: () => Secret | null,
): Promise<Secret> {
  const variable = variables[0]!
  if (given !== undefined && given !== '' && given !== '-') {
    if (sensitive)
      say(
        `${paint('yellow', 'note', process.stderr)} A key on the command line can be seen by others on this machine; ${variable} or "-" (standard input) can not.`,
      )
    return new Secret(given)
  }
  for (const one of given === '-' ? [] : variables) {
    const fromEnv = readEnvSecret(one, process.env)
    if (fromEnv !== null) return fromEnv
  }
  const stored = given === '-' ? null : readable(findStored)
  if (stored !== null) return stored
  const secret = process.stdin.isTTY ? await askSecret(label, sensitive) : ((await lines.next()) ?? '')
  if (secret === '')
    throw new TajoError('secret_missing', `There is no ${variable}: ${label}.`, {
      hint: `Set ${variable}, or give it on standard input, a line for each key.`,
    })
  return new Secret(secret)
}

/** A stored key that can't be read is asked for again. */
function readable(findStored: () => Secret | null): Secret | null {
  try {
    return findStored()
  } catch (thrown) {
    if (!(thrown instanceof TajoError) || thrown.code !== 'secret_unreadable') throw thrown
    say(`${paint('yellow', 'note', process.stderr)} ${thrown.message}`)
    return null
  }
}

/** Creates what is missing, if that is wanted; says what is in the way. False if something still is. */
export async function createMissing(
  connector: string,
  issues: readonly MappingIssue[],
  yes: boolean,
  create: (name: string, type: NonNullable<MappingIssue['create']>) => Promise<void>,
): Promise<boolean> {
  const missing = issues.filter((one) => one.create !== null)
  for (const one of issues) {
    if (one.create === null)
      say(
        `${paint('red', '✗', process.stderr)} ${one.where}: ${one.field} can not go to ${one.attribute}: ${one.reason}.`,
      )
  }
  if (missing.length === 0) return issues.length === 0
  const names = missing.map((one) => `${one.attribute} (${one.create})`).join(', ')
  const wanted =
    yes ||
    (process.stdin.isTTY &&
      (await confirm(`Brevo has no ${names}. Create ${missing.length === 1 ? 'it' : 'them'}?`)))
  if (!wanted) {
    say(
      `${paint('red', '✗', process.stderr)} Brevo has no ${names}. Create them there, or run: tajo connectors install ${connector} --yes`,
    )
    return false
  }
  for (const { attribute, create: type } of missing) {
    await create(attribute, type!)
    print(`${paint('green', '✓')} Created the attribute ${attribute} in Brevo`)
  }
  return missing.length === issues.length
}
