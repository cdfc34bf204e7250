// The keys that a command asks for, and what is made in Brevo with them.
import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { TajoError } from '../../../lib/errors.ts'
import { Secret } from '../../../lib/log/secret.ts'
import type { Misfit } from '../../../mapping/compile.ts'
import { type SourceName } from '../../../sources/names.ts'
import { SOURCES } from '../../../sources/registry.ts'
import { askSecret, confirm, createStdinLines, type StdinLines } from '../terminal/ask.ts'
import { BREVO_KEY_LABEL } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface KeyOptions {
  email?: string
  apiKey?: string
  brevoApiKey?: string
}

export interface Keys {
  email: Secret
  apiKey: Secret
  brevoKey: Secret
}

/** Both sides' keys. `stored`: those that an earlier install left, where none are given. Throws `secret_missing`. */
export async function findKeys(
  name: SourceName,
  options: KeyOptions,
  stored: (name: string) => Secret | null = () => null,
): Promise<Keys> {
  const lines = createStdinLines()
  const { email, api_key: apiKey } = SOURCES[name].secrets
  const find = (
    given: string | undefined,
    key: string,
    field: { env: string; label: string },
    sensitive: boolean,
  ) => findSecret(given, field.env, field.label, lines, sensitive, () => stored(key))
  return {
    email: await find(options.email, `${name}.email`, email, false),
    apiKey: await find(options.apiKey, `${name}.api_key`, apiKey, true),
    brevoKey: await find(
      options.brevoApiKey,
      'brevo.api_key',
      { env: 'BREVO_API_KEY', label: BREVO_KEY_LABEL },
      true,
    ),
  }
}

/** From the command line, the environment, the state, standard input, or a prompt that shows nothing. */
async function findSecret(
  given: string | undefined,
  variable: string,
  label: string,
  lines: StdinLines,
  sensitive: boolean,
  findStored: () => Secret | null,
): Promise<Secret> {
  if (given !== undefined && given !== '' && given !== '-') {
    if (sensitive)
      say(
        `${paint('yellow', 'note', process.stderr)} A key on the command line can be seen by others on this machine; ${variable} or "-" (standard input) can not.`,
      )
    return new Secret(given)
  }
  const fromEnv = given === '-' ? null : readEnvSecret(variable, process.env)
  if (fromEnv !== null) return fromEnv
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
  misfits: readonly Misfit[],
  yes: boolean,
  create: (name: string, type: NonNullable<Misfit['create']>) => Promise<void>,
): Promise<boolean> {
  const missing = misfits.filter((one) => one.create !== null)
  for (const one of misfits) {
    if (one.create === null)
      say(
        `${paint('red', '✗', process.stderr)} ${one.where}: ${one.field} can not go to ${one.attribute}: ${one.reason}.`,
      )
  }
  if (missing.length === 0) return misfits.length === 0
  const names = missing.map((one) => `${one.attribute} (${one.create})`).join(', ')
  const wanted =
    yes ||
    (process.stdin.isTTY &&
      (await confirm(`Brevo has no ${names}. Create ${missing.length === 1 ? 'it' : 'them'}?`)))
  if (!wanted) {
    say(
      `${paint('red', '✗', process.stderr)} Brevo has no ${names}. Create them there, or run: tajo connectors install gorgias --yes`,
    )
    return false
  }
  for (const { attribute, create: type } of missing) {
    await create(attribute, type!)
    print(`${paint('green', '✓')} Created the attribute ${attribute} in Brevo`)
  }
  return missing.length === misfits.length
}
