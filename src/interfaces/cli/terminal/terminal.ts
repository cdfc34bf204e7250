// How commands speak: results to standard output, everything else to standard error; colours and moving lines only where
// someone watches.
import { formatDuration, formatCount } from '../../../lib/human.ts'
import { stripVTControlCharacters, styleText } from 'node:util'

import type { Progress } from '../../../engine/engine.ts'
import { coerceError, TajoError } from '../../../lib/errors.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import { adviceFor } from '../../../state/db/faults.ts'
import { isDatabaseError } from '../../../state/db/sqlite.ts'
import { toRunnable } from './advice.ts'

type Style = Parameters<typeof styleText>[0]

/** Colours follow the stream they go to. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && process.env['NO_COLOR'] === undefined
    ? styleText(style, text, { validateStream: false })
    : text
}

export function print(line = ''): void {
  process.stdout.write(`${toRunnable(line)}\n`)
}

/** A word beside the result. */
export function say(line: string): void {
  process.stderr.write(`${toRunnable(line)}\n`)
}

/** What went wrong, each complaint on a line of its own, and what to do. */
export function printError(thrown: unknown, program = 'tajo'): TajoError {
  const error = isDatabaseError(thrown) ? toStateError(thrown) : coerceError(thrown)
  say(
    `${paint('red', `${program}:`, process.stderr)} ${maskPersonal(error.message)} ${paint('dim', `(${error.code})`, process.stderr)}`,
  )
  for (const detail of error.details) say(`  ${maskPersonal(detail)}`)
  if (error.hint !== undefined) say(paint('dim', `  → ${maskPersonal(error.hint)}`, process.stderr))
  if (error.code === 'internal') {
    say(`  This is a mistake in tajo. Please report it with the lines below (Node ${process.version}).`)
    say(maskPersonal((error.cause instanceof Error ? error.cause.stack : undefined) ?? error.stack ?? ''))
  }
  return error
}

function toStateError(cause: unknown): TajoError {
  const code = (cause as { code?: string }).code ?? 'unknown'
  return new TajoError(
    'state_unusable',
    `The state could not be read or written (${code}); nothing more was sent.`,
    {
      hint: adviceFor(code),
      cause,
    },
  )
}

/** A terminal that does not know its width says 0. */
function widthOf(stream: NodeJS.WriteStream): number {
  return stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY
}

/** Cut to the width of the terminal; what is piped stays whole. Colours take no room. */
export function fit(line: string, stream: NodeJS.WriteStream = process.stdout): string {
  const width = widthOf(stream)
  if (stripVTControlCharacters(line).length <= width) return line
  let shown = 0
  let cut = ''
  // Colour codes pass; characters are counted.
  for (const part of line.split(COLOUR)) {
    if (COLOUR.test(part)) cut += part
    else {
      const room = Math.max(0, width - 1 - shown)
      cut += part.slice(0, room)
      shown += part.length
    }
  }
  return `${cut}…`
}

/** Sentences, broken at spaces to the width of the terminal; what follows the first line is indented. */
export function wrap(text: string, indent = 0, stream: NodeJS.WriteStream = process.stdout): string {
  const width = widthOf(stream)
  // Beside a wide margin nothing would be left of a narrow terminal.
  const margin = ' '.repeat(width < NARROW ? Math.min(indent, 4) : indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S) /)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && stripVTControlCharacters(longer).length > width) {
      lines.push(line)
      line = margin + word
    } else line = longer
  }
  return [...lines, line].join('\n')
}

const NARROW = 50

const COLOUR = new RegExp(`(${String.fromCodePoint(27)}\\[[0-9;]*m)`)

const BAR_WIDTH = 24
const REDRAW_MS = 80
/** Before that a rate says nothing. */
const LEAST_SECONDS = 1

const showRate = (rate: number): string => (rate <= 0 ? '' : `, ${formatCount(Math.round(rate))} a second`)

/** Where nobody watches a line is written so long after the start, and then each minute. */
const FIRST_LINE_MS = 10_000
const NEXT_LINE_MS = 60_000
/** Where somebody looks on. */
const WATCHED_LINE_MS = 2_000

/** How fast each phase goes on since it was first seen, a second; 0 while nothing can be said. */
function createRates(): (phase: Progress['phase'], done: number) => number {
  const began: Partial<Record<Progress['phase'], { at: number; done: number }>> = {}
  return (phase, done) => {
    const start = (began[phase] ??= { at: performance.now(), done })
    const seconds = (performance.now() - start.at) / 1_000
    return seconds < LEAST_SECONDS ? 0 : (done - start.done) / seconds
  }
}

type PhaseOf<P extends Progress['phase']> = Extract<Progress, { phase: P }>

const toLeft = (open: number, rate: number): string =>
  open === 0 || rate <= 0 ? '' : `, ${formatDuration((open / rate) * 1000)} left`

function toSamplingLine(
  { done, total }: PhaseOf<'sampling'>,
  rateOf: ReturnType<typeof createRates>,
): string {
  const left = toLeft(total - done, rateOf('sampling', done))
  return `Reading  request ${formatCount(done)} of about ${formatCount(total)}${left}`
}

function toReadingLine({ read }: PhaseOf<'reading'>, rateOf: ReturnType<typeof createRates>): string {
  const parts = Object.entries(read).filter(([stream]) => stream !== 'events')
  const all = parts.reduce((sum, [, count]) => sum + count, 0)
  const counts = parts.map(([name, count]) => `${name.replace('_', ' ')} ${formatCount(count)}`)
  return `Reading  ${counts.join(' · ')}${showRate(rateOf('reading', all))}`
}

/** A line that redraws itself on a terminal; elsewhere one now and then, so that a log shows that it goes on. */
export function createProgress(
  stream: NodeJS.WriteStream = process.stderr,
  writing = 'Writing',
): {
  update(progress: Progress): void
  done(): void
} {
  let drawnAt = 0
  let dueAt = performance.now() + FIRST_LINE_MS
  let most = 0
  const rateOf = createRates()
  const draw = (line: string, force: boolean): void => {
    const now = performance.now()
    if (!stream.isTTY) {
      dueAt = now + NEXT_LINE_MS
      stream.write(`${line}\n`)
      return
    }
    if (!force && now - drawnAt < REDRAW_MS) return
    drawnAt = now
    stream.write(`\r\u001b[2K${line.slice(0, widthOf(stream) - 1)}`)
  }
  const toWritingLine = ({ report, remaining }: PhaseOf<'writing'>): string => {
    const { contacts, events } = remaining()
    const done = report.contactsWritten + report.contactsUnchanged + report.eventsSent
    most = Math.max(most, done + contacts + events)
    const share = most === 0 ? 1 : done / most
    const filled = Math.round(share * BAR_WIDTH)
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
    const rate = rateOf('writing', done)
    const percent = String(Math.floor(share * 100)).padStart(3)
    const counts = `${formatCount(report.contactsWritten)} contacts, ${formatCount(report.eventsSent)} events`
    return `${writing.padEnd(8)} ${bar} ${percent} %  ${counts}${showRate(rate)}${toLeft(contacts + events, rate)}`
  }
  return {
    update(progress) {
      if (!stream.isTTY && performance.now() < dueAt) return
      if (progress.phase === 'sampling') return draw(toSamplingLine(progress, rateOf), false)
      if (progress.phase === 'reading') return draw(toReadingLine(progress, rateOf), false)
      if (performance.now() - drawnAt >= REDRAW_MS) draw(toWritingLine(progress), true)
    },
    done() {
      if (stream.isTTY) stream.write('\r\u001b[2K')
    },
  }
}

/** A word on standard error now and then, for work that has no line of its own. */
export function createOccasion(): (toLine: () => string) => void {
  const { isTTY } = process.stderr
  let dueAt = performance.now() + (isTTY ? WATCHED_LINE_MS : FIRST_LINE_MS)
  return (toLine) => {
    if (performance.now() < dueAt) return
    dueAt = performance.now() + (isTTY ? WATCHED_LINE_MS : NEXT_LINE_MS)
    say(toLine())
  }
}

/** Throws `usage` for what is no whole number. */
export function toCount(text: string, option: string): number {
  const count = Number(text)
  if (text.trim() !== '' && Number.isInteger(count) && count >= 0) return count
  throw new TajoError('usage', `${option} takes a number, not "${text}".`)
}
