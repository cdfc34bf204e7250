// tajo doctor: everything that must be well, on this machine and on both sides, each with the command that mends it.
import { accessSync, constants, existsSync } from 'node:fs'

import { checkOnline } from '../../../preflight/online.ts'
import { checkConfig, readConfig } from '../../../config/load.ts'
import type { Config, ConnectorConfig } from '../../../config/config.ts'
import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { createSource, enabled } from '../../../engine/engine.ts'
import { coerceError } from '../../../lib/errors.ts'
import { requireSource, SOURCE_NAMES, variablesOf } from '../../../sources/index.ts'
import { readPending } from '../../../state/reading/applied-config.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { openStoreReadOnly, type Store } from '../../../state/store.ts'
import { type CommonOptions, openSession, type Session, isAlone } from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'
import { META } from '../../../state/meta.ts'

export interface DoctorOptions extends CommonOptions {
  offline?: boolean
  json?: boolean
}

export const DOCTOR_VERSION = 1

interface Verdict {
  check: string
  state: 'ok' | 'warning' | 'problem'
  message: string
  /** The exact next command; null where there is nothing to do. */
  next: string | null
}

/** Exit code 0: nothing is in the way; 1: something is. */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  const verdicts: Verdict[] = []
  const add = (verdict: Verdict): void => {
    verdicts.push(verdict)
    if (options.json !== true) show(verdict)
  }
  add(checkNode())
  const config = checkFile(options, add)
  for (const verdict of checkState(options, config)) add(verdict)
  if (config !== null) {
    const session = openKeys(options, add)
    if (session !== null) {
      try {
        if (options.offline !== true) for await (const verdict of checkBothSides(session)) add(verdict)
      } finally {
        session.close()
      }
    }
  }
  const problems = verdicts.filter((one) => one.state === 'problem').length
  if (options.json === true)
    print(JSON.stringify({ version: DOCTOR_VERSION, ok: problems === 0, checks: verdicts }))
  else if (problems === 0) print('\nNothing is in the way.')
  else print(`\n${problems === 1 ? 'One thing is' : `${problems} things are`} in the way.`)
  return problems === 0 ? 0 : 1
}

function show({ check, state, message, next }: Verdict): void {
  const mark = { ok: paint('green', '✓'), warning: paint('yellow', '!'), problem: paint('red', '✗') }[state]
  print(`${mark} ${check}${message === '' ? '' : `: ${message}`}`)
  if (next !== null) print(paint('dim', `    → ${next}`))
}

const ok = (check: string, message = ''): Verdict => ({ check, state: 'ok', message, next: null })
const problem = (check: string, message: string, next: string | null): Verdict => ({
  check,
  state: 'problem',
  message,
  next,
})
const warning = (check: string, message: string, next: string | null): Verdict => ({
  check,
  state: 'warning',
  message,
  next,
})

const LEAST_NODE = [20, 19] as const

function checkNode(): Verdict {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isEnough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])
  return isEnough
    ? ok('Node', process.versions.node)
    : problem(
        'Node',
        `${process.versions.node} is too old; ${LEAST_NODE.join('.')} is needed`,
        'npm install -g node@22',
      )
}

function checkFile({ config: file }: DoctorOptions, add: (verdict: Verdict) => void): Config | null {
  if (!existsSync(file)) {
    add(problem('Configuration', `there is no ${file}`, 'tajo init'))
    return null
  }
  const { config, complaints } = checkConfig(file, readConfig(file), process.env)
  if (config === null) {
    const first = complaints[0]!
    const count = complaints.length === 1 ? 'a mistake' : `${complaints.length} mistakes, the first`
    add(
      problem(
        'Configuration',
        `${file} has ${count} in line ${first.line}: ${first.message}`,
        'tajo validate',
      ),
    )
    return null
  }
  const names = enabled(config).map((one) => one.name)
  add(
    names.length === 0
      ? problem(
          'Configuration',
          `${file} has no connector that is enabled`,
          `tajo connectors install ${config.connectors[0]?.name ?? SOURCE_NAMES[0]}`,
        )
      : ok('Configuration', `${file} with ${names.join(', ')}`),
  )
  return config
}

function* checkState({ stateDir }: DoctorOptions, config: Config | null): Generator<Verdict> {
  if (!existsSync(stateDir))
    return yield warning('State', `nothing was stored in ${stateDir} yet`, 'tajo plan --sample 20')
  try {
    accessSync(stateDir, constants.R_OK | constants.W_OK)
  } catch {
    return yield problem('State', `tajo may not write to ${stateDir}`, `chmod u+rwx ${stateDir}`)
  }
  const isRunning = isLocked(stateDir)
  let store: Store | null
  try {
    store = openStoreReadOnly(stateDir)
  } catch (thrown) {
    return yield problem('State', coerceError(thrown).message, 'tajo state check')
  }
  if (store === null) return yield warning('State', 'nothing was synced yet', 'tajo plan --sample 20')
  try {
    const complaints = store.check()
    yield complaints.length === 0
      ? ok('State', 'sound')
      : problem('State', `damaged: ${complaints[0]}`, 'tajo state check')
    if (complaints.length > 0) return
    yield isRunning ? ok('Daemon', 'it runs') : warning('Daemon', 'it does not run', 'tajo start')
    yield* checkWork(store, config)
  } finally {
    store.close()
  }
}

/** What waits for a person. */
function* checkWork(store: Store, config: Config | null): Generator<Verdict> {
  const pending = readPending(store)
  if (pending?.state === 'waiting')
    yield warning('Change of connectors.yml', `it waits: ${pending.reasons.join('; ')}`, 'tajo approve')
  if (pending?.state === 'faulty')
    yield problem(
      'Change of connectors.yml',
      pending.reasons[0] ?? 'it has mistakes',
      'tajo validate --online',
    )
  const letters = store.deadLetters.list().length
  if (letters > 0)
    yield warning(
      'Set aside',
      `${letters} ${letters === 1 ? 'record was' : 'records were'} set aside`,
      'tajo dead-letters list',
    )
  const held = store.meta.get(META.heldRemovals)
  if (held !== null)
    yield problem(
      'List memberships',
      `more than ${held.limit} would be taken away, so none is`,
      `tajo sync ${config?.connectors[0]?.name ?? 'NAME'} --accept-removals`,
    )
  const doubtful = store.outboxEvents.counts().uncertain ?? 0
  if (doubtful > 0) yield warning('Events in doubt', `${doubtful}; Brevo is asked for them`, 'tajo status')
}

function openKeys(options: DoctorOptions, add: (verdict: Verdict) => void): Session | null {
  try {
    const session = openSession(options)
    add(ok('Keys', 'all are there'))
    return session
  } catch (thrown) {
    const error = coerceError(thrown)
    add(problem('Keys', error.message, error.hint ?? 'tajo connectors install'))
    return null
  }
}

async function* checkBothSides(session: Session): AsyncGenerator<Verdict> {
  let reachable = true
  for (const connector of enabled(session.config)) {
    const source = createSource(connector, session.engine, { ...session.ports, retries: 1 })
    for (const check of source.checks()) {
      const verdict = await attempt(
        `${connector.name}: ${check.label}`,
        () => check.run(),
        connector,
        isAlone(session.config, connector),
      )
      reachable &&= verdict.state === 'ok'
      yield verdict
      if (verdict.state !== 'ok') break
    }
  }
  if (!reachable) return
  const name = 'Brevo: attributes, lists, tags and custom fields fit connectors.yml'
  try {
    const findings = await checkOnline(session)
    const worst = findings.find((one) => one.severity === 'error') ?? findings[0]
    const next = 'tajo validate --online'
    if (worst === undefined) yield ok(name)
    else
      yield (worst.severity === 'error' ? problem : warning)(
        name,
        `line ${worst.line}: ${worst.message}`,
        next,
      )
  } catch (thrown) {
    const error = coerceError(thrown)
    yield problem(
      name,
      error.message,
      error.hint ?? `tajo connectors test ${session.config.connectors[0]?.name}`,
    )
  }
}

async function attempt(
  check: string,
  action: () => Promise<void>,
  connector: ConnectorConfig,
  alone: boolean,
): Promise<Verdict> {
  try {
    await action()
    return ok(check)
  } catch (thrown) {
    const error = coerceError(thrown)
    const { name } = connector
    if (error.code !== 'source_unauthorized')
      return problem(check, error.message, `tajo connectors test ${name}`)
    const inEnv = Object.values(requireSource(connector.source).secrets)
      .flatMap((one) => variablesOf(connector, one, alone))
      .filter((variable) => readEnvSecret(variable, process.env) !== null)
    // What comes from the environment goes before what is stored.
    const said = [error.message, error.hint].filter((one) => one !== undefined).join(' ')
    return inEnv.length === 0
      ? problem(check, said, `tajo connectors install ${name} --rotate`)
      : problem(check, `${said} It comes from the environment: ${inEnv.join(', ')}`, null)
  }
}
