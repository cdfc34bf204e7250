// tajo console: the daemon in a browser, and the tokens that open it.
import { spawn } from 'node:child_process'

import { loadConfig } from '../../../config/load.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { TajoError } from '../../../lib/errors.ts'
import { formatTime } from '../../../lib/human.ts'
import { fromMs, parseDurationMs, toIso } from '../../../model/time.ts'
import type { ConsoleToken } from '../../../state/console/access.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { META } from '../../../state/meta.ts'
import { openStoreBeside, openStoreReadOnly, type Store } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print, say, toCount } from '../terminal/terminal.ts'

/** Long enough to change to a browser. */
const OPENING_MS = 5 * 60_000

/** Signs this user in: whoever may write the state may change everything anyway. */
export function runConsole(options: CommonOptions & { open: boolean }): number {
  const address = findAddress(options)
  const secret = beside(options, (store) =>
    makeToken(store, 'tajo console', { ms: OPENING_MS, isSingle: true }),
  )
  const link = toLink(address, secret)
  if (options.open && openInBrowser(link)) say(`Opened ${address}/console in your browser.`)
  else print(link)
  say('The link opens it once, within five minutes. Tokens for others: tajo console token --name ANN')
  return 0
}

/** For an editor: for whoever starts the daemon, or may write its state. */
export function makeToken(
  store: Store,
  name: string,
  { ms, isSingle }: { ms: number; isSingle: boolean },
): string {
  const now = fromMs(systemClock.now())
  const token = { name, role: 'editor', isMasked: false, isSingle, expiresAt: now + fromMs(ms) } as const
  return store.transaction(() => store.consoleAccess.make(token, now)).secret
}

/** What stands behind `#` stays in the browser: no log and no proxy sees it. */
export const toLink = (address: string, secret: string): string => `${address}/console/sign-in#${secret}`

function findAddress({ config: file, stateDir }: CommonOptions): string {
  const { server } = loadConfig(file, process.env)
  if (server === null || !server.console)
    throw new TajoError('usage', `The console is off in ${file}.`, {
      hint: 'Write server: { console: true } in connectors.yml; a running tajo start takes it within seconds.',
    })
  const store = openStoreReadOnly(stateDir)
  const served = store?.meta.get(META.served) ?? null
  store?.close()
  if (served === null || !isLocked(stateDir))
    throw new TajoError('usage', 'No daemon runs that would serve the console.', {
      hint: 'Start it: tajo start',
    })
  // On this machine, whatever else it listens to.
  const { port, hostname } = new URL(served)
  const isEverywhere = ['0.0.0.0', '[::]'].includes(hostname)
  return server.publicUrl !== null && isEverywhere
    ? server.publicUrl
    : `http://${isEverywhere ? '127.0.0.1' : hostname}:${port}`
}

/** False where no browser can be had: on a server, in a container. */
function openInBrowser(link: string): boolean {
  const { platform, env } = process
  if (platform === 'linux' && env['DISPLAY'] === undefined && env['WAYLAND_DISPLAY'] === undefined)
    return false
  const [command, ...before] =
    platform === 'darwin' ? ['open'] : platform === 'win32' ? ['explorer.exe'] : ['xdg-open']
  try {
    const child = spawn(command ?? '', [...before, link], { stdio: 'ignore', detached: true })
    child.on('error', () => undefined)
    child.unref()
    return true
  } catch {
    return false
  }
}

export interface TokenOptions extends CommonOptions {
  name: string
  editor?: boolean
  masked?: boolean
  expires: string
  json?: boolean
}

export function runConsoleToken(options: TokenOptions): number {
  const { name, editor = false, masked: isMasked = false, expires } = options
  const ms = parseDurationMs(expires)
  if (ms === null || ms <= 0)
    throw new TajoError('usage', `--expires takes a time such as 30d, not "${expires}".`)
  if (name.trim() === '' || name.length > 100)
    throw new TajoError('usage', '--name takes a name of up to 100 letters.')
  const now = fromMs(systemClock.now())
  const role = editor ? 'editor' : 'viewer'
  const expiresAt = now + fromMs(ms)
  const { id, secret } = beside(options, (store) =>
    store.transaction(() =>
      store.consoleAccess.make({ name: name.trim(), role, isMasked, isSingle: false, expiresAt }, now),
    ),
  )
  if (options.json === true)
    print(
      JSON.stringify({
        id,
        name: name.trim(),
        role,
        masked: isMasked,
        expires_at: toIso(expiresAt),
        token: secret,
      }),
    )
  else {
    print(secret)
    say(
      `${paint('green', '✓', process.stderr)} ${name.trim()} ${editor ? 'may look and change' : 'may look'} until ${formatTime(toIso(expiresAt))}. It is shown this once; to end it: tajo console revoke ${id}`,
    )
  }
  return 0
}

const toShown = (one: ConsoleToken) => ({
  id: one.id,
  name: one.name,
  role: one.role,
  masked: one.isMasked,
  created_at: toIso(one.createdAt),
  expires_at: toIso(one.expiresAt),
  last_used_at: one.usedAt === null ? null : toIso(one.usedAt),
  revoked_at: one.revokedAt === null ? null : toIso(one.revokedAt),
})

export function runConsoleTokens(options: CommonOptions & { json?: boolean }): number {
  const store = openStoreReadOnly(options.stateDir)
  const tokens = (store?.consoleAccess.list() ?? []).map((one) => toShown(one))
  store?.close()
  if (options.json === true) print(JSON.stringify(tokens))
  else if (tokens.length === 0) print('There are no tokens. Make one with: tajo console token --name ANN')
  const now = new Date(systemClock.now()).toISOString()
  for (const one of options.json === true ? [] : tokens) {
    const end =
      one.revoked_at === null
        ? `${one.expires_at < now ? paint('red', 'expired') : 'until'} ${formatTime(one.expires_at)}`
        : paint('red', `revoked ${formatTime(one.revoked_at)}`)
    const used = one.last_used_at === null ? 'never used' : `used ${formatTime(one.last_used_at)}`
    print(
      `${paint('bold', one.id)}  ${one.role}${one.masked ? ', masked' : ''}  ${end}, ${used}  ${one.name}`,
    )
  }
  return 0
}

export function runConsoleRevoke(id: string, options: CommonOptions): number {
  const now = fromMs(systemClock.now())
  const isDone = beside(options, (store) => store.transaction(() => store.consoleAccess.revoke(id, now)))
  if (!isDone)
    throw new TajoError('usage', `There is no token ${id} that could be revoked.`, {
      hint: 'tajo console tokens lists them.',
    })
  print(`${paint('green', '✓')} ${id} opens nothing any more.`)
  return 0
}

export function runConsoleLog(options: CommonOptions & { lines: string; json?: boolean }): number {
  const store = openStoreReadOnly(options.stateDir)
  const entries = (store?.consoleLog.last(toCount(options.lines, '--lines')) ?? []).toReversed()
  store?.close()
  if (options.json === true)
    print(JSON.stringify(entries.map(({ at, ...one }) => ({ at: toIso(at), ...one }))))
  else if (entries.length === 0) print('Nothing was changed through the console.')
  for (const one of options.json === true ? [] : entries)
    print(`${formatTime(toIso(one.at))}  ${one.who} (${one.token})  ${one.action}  ${one.what}`)
  return 0
}

function beside<T>({ stateDir }: CommonOptions, action: (store: Store) => T): T {
  const store = openStoreBeside(stateDir)
  if (store === null)
    throw new TajoError('usage', 'Nothing was synced yet, so there is nothing to look at.', {
      hint: 'Start with: tajo start',
    })
  try {
    return action(store)
  } finally {
    store.close()
  }
}
