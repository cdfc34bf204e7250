// tajo validate: everything that is wrong with connectors.yml at once, each in its place; --online also asks both sides.
import { checkConfig, MOST_SHOWN, readConfig } from '../../../config/load.ts'
import { maskSecrets } from '../../../config/text/mask.ts'
import { TajoError } from '../../../lib/errors.ts'
import { checkOnline, type Finding } from '../../../preflight/online.ts'
import { type CommonOptions, openSession } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface ValidateOptions extends CommonOptions {
  online?: boolean
  json?: boolean
  format?: string
}

export const VALIDATION_VERSION = 1
const INVALID = 2

/** Exit code 0: nothing wrong, or warnings only; 2: mistakes. */
export async function runValidate(options: ValidateOptions): Promise<number> {
  if (options.format !== undefined && options.format !== 'github')
    throw new TajoError('usage', `There is no format ${options.format}.`, {
      hint: 'Formats: github, or --json.',
    })
  const text = readConfig(options.config)
  const { config, complaints, warnings } = checkConfig(options.config, text, process.env)
  const findings: Finding[] = [
    ...complaints.map((one): Finding => ({ ...one, severity: 'error' })),
    ...warnings.map((one): Finding => ({ ...one, severity: 'warning' })),
  ]
  if (config !== null && options.online === true) {
    const session = openSession(options)
    try {
      findings.push(...(await checkOnline(session)))
    } finally {
      session.close()
    }
  }
  const isValid = findings.every((one) => one.severity !== 'error')
  if (options.json === true)
    print(
      JSON.stringify({
        version: VALIDATION_VERSION,
        file: options.config,
        valid: isValid,
        online: options.online === true,
        complaints: findings,
      }),
    )
  else if (options.format === 'github')
    for (const one of findings.slice(0, MOST_SHOWN)) print(toAnnotation(options.config, one))
  else show(options, text, findings, isValid)
  return isValid ? 0 : INVALID
}

function show(options: ValidateOptions, text: string, findings: readonly Finding[], isValid: boolean): void {
  const lines = text.split('\n')
  for (const one of findings.slice(0, MOST_SHOWN)) {
    const word = one.severity === 'error' ? paint('red', 'error') : paint('yellow', 'warning')
    print(`${paint('bold', `${options.config}:${one.line}:${one.column}`)}  ${word}  ${one.path}`)
    print(toFrame(lines, one.line, one.column))
    print(`  ${one.message}`)
    print()
  }
  if (findings.length > MOST_SHOWN) print(`and ${findings.length - MOST_SHOWN} more\n`)
  const mistakes = findings.filter((one) => one.severity === 'error').length
  if (!isValid) print(`${mistakes === 1 ? 'A mistake' : `${mistakes} mistakes`} in ${options.config}.`)
  else {
    print(
      `${paint('green', '✓')} ${options.config} is sound${options.online === true ? ', and so is what it asks of Brevo and the helpdesk' : ''}.`,
    )
    if (options.online !== true) say('Brevo and the helpdesk were not asked: --online does.')
  }
}

const LONGEST_SHOWN = 160

/** Never a key, a control character, nor a line without end. */
function toShown(line: string): string {
  const shown = maskSecrets(line).replaceAll(/\p{Cc}/gu, ' ')
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown
}

/** The line, one before and one after, and a mark under the place. */
function toFrame(lines: readonly string[], line: number, column: number): string {
  const width = String(line + 1).length
  const row = (number: number): string[] => {
    const content = lines[number - 1] === undefined ? undefined : toShown(lines[number - 1]!)
    if (content === undefined || (content === '' && number !== line)) return []
    const sign = number === line ? paint('red', '>') : ' '
    return [`${sign} ${paint('dim', `${String(number).padStart(width)} |`)} ${content}`]
  }
  return [
    ...row(line - 1),
    ...row(line),
    `  ${' '.repeat(width)} ${paint('dim', '|')} ${' '.repeat(Math.max(0, Math.min(column, LONGEST_SHOWN) - 1))}${paint('red', '^')}`,
    ...row(line + 1),
  ].join('\n')
}

/** What GitHub Actions shows beside the line of a pull request. */
function toAnnotation(file: string, one: Finding): string {
  const escape = (text: string): string =>
    text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  return `::${one.severity} file=${file},line=${one.line},col=${one.column},title=tajo::${escape(one.message)}`
}
