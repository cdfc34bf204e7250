// npm run simulate -- --seeds N [--from S] [--large] [--helpdesks intercom|both|gladly|gladly_beside] [--until-failure], the seeds that once found something: --found,
// or one seed again: npm run simulate -- --seed S [--long] [--large] [--verbose]
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import type { Log } from '../../src/lib/log/log.ts'
import { FOUND_SOMETHING } from './found.ts'
import { type Helpdesks, simulate, type Story, type Verdict } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    found: { type: 'boolean', default: false },
    workers: { type: 'string' },
    'until-failure': { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    helpdesks: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})

/** A process for so many seeds: what SQLite keeps for the life of a process stays small. */
const PORTION = 500

const loud = (level: string) => (message: string, fields?: Record<string, unknown>) =>
  process.stderr.write(`${level} ${message} ${JSON.stringify(fields ?? {})}\n`)
const log: Log = {
  error: loud('error'),
  warn: loud('warn'),
  info: loud('info'),
  verbose: loud('verbose'),
  debug: loud('debug'),
}

const kind = {
  ...(values.long ? { long: true } : {}),
  ...(values.large ? { large: true } : {}),
  ...(values.helpdesks === undefined ? {} : { helpdesks: values.helpdesks as Helpdesks }),
}
if (process.send !== undefined) {
  process.once('message', (stories) => void tell(stories as Story[]))
} else if (values.seed !== undefined) {
  const verdict = await simulate(Number(values.seed), { ...kind, ...(values.verbose ? { log } : {}) })
  print(verdict)
  process.stdout.write(`${JSON.stringify({ ...verdict.counts, faults: verdict.faults })}\n`)
  process.exit(verdict.complaints.length === 0 ? 0 : 1)
} else {
  const from = Number(values.from)
  const drawn = Array.from({ length: Number(values.seeds) }, (_, index) => ({ seed: from + index, ...kind }))
  await tellAll(values.found ? FOUND_SOMETHING : drawn)
}

/** In a worker. */
async function tell(stories: readonly Story[]): Promise<void> {
  for (const { seed, ...options } of stories) {
    const verdict = await simulate(seed, options).catch((thrown: unknown): Verdict => ({
      seed,
      complaints: [
        `the simulation itself failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
      ],
      counts: { lives: 0, events: 0, contacts: 0, imports: 0, requests: 0 },
      faults: {},
    }))
    process.send!(verdict)
    if (verdict.complaints.length > 0 && values['until-failure']) break
  }
  process.disconnect()
}

async function tellAll(stories: readonly Story[]): Promise<void> {
  const startedAt = performance.now()
  const total = { seeds: 0, failed: 0, lives: 0, events: 0, contacts: 0, imports: 0, requests: 0 }
  const faults = new Map<string, number>()
  const workers = Number(values.workers ?? Math.min(2, availableParallelism()))
  const portion = Math.min(PORTION, Math.ceil(stories.length / workers))
  const isOver = (): boolean => total.failed > 0 && values['until-failure']
  const rest = [...stories]
  const worker = async (): Promise<void> => {
    while (rest.length > 0 && !isOver()) {
      const mine = rest.splice(0, portion)
      await new Promise<void>((resolve) => {
        const child = fork(process.argv[1]!, process.argv.slice(2), {
          // Little lives long here.
          execArgv: [...process.execArgv, '--max-semi-space-size=64'],
        })
        child.send(mine)
        let done = 0
        child.on('message', (message) => {
          const verdict = message as Verdict
          done += 1
          total.seeds += 1
          for (const [key, count] of Object.entries(verdict.counts) as [keyof Verdict['counts'], number][])
            total[key] += count
          for (const [name, count] of Object.entries(verdict.faults))
            faults.set(name, (faults.get(name) ?? 0) + count)
          if (verdict.complaints.length > 0) {
            total.failed += 1
            print(verdict)
          }
        })
        child.once('exit', (code) => {
          if (done < mine.length && !isOver()) {
            total.failed += 1
            process.stdout.write(`a worker ended with ${code} at seed ${mine[done]!.seed}\n`)
          }
          resolve()
        })
      })
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10
  process.stdout.write(
    `${total.seeds} seeds, ${total.failed} failed; ${total.lives} lives of the daemon, ${total.events} events, ${total.contacts} contacts, ${total.imports} imports, ${total.requests} requests; ${seconds} s\n`,
  )
  const kinds = [...faults].toSorted(([, a], [, b]) => b - a)
  const struck = kinds.reduce((sum, [, count]) => sum + count, 0)
  process.stdout.write(`${struck} faults: ${kinds.map(([name, count]) => `${count} ${name}`).join(', ')}\n`)
  process.exitCode = total.failed === 0 ? 0 : 1
}

function print({ seed, complaints }: Verdict): void {
  if (complaints.length === 0) return
  const world = values.helpdesks === undefined ? '' : ` --helpdesks ${values.helpdesks}`
  process.stdout.write(`seed ${seed}: npm run simulate -- --seed ${seed}${world}\n`)
  for (const complaint of complaints.slice(0, 8)) process.stdout.write(`  ${complaint}\n`)
}
