// npm run simulate -- --seeds N [--from S] [--until-failure], or one seed again:
// npm run simulate -- --seed S [--long] [--verbose]
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import type { Log } from '../../src/lib/log.ts'
import { simulate, type Verdict } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    from: { type: 'string' },
    workers: { type: 'string' },
    'until-failure': { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
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

if (values.seed !== undefined && process.send === undefined) {
  const verdict = await simulate(Number(values.seed), {
    ...(values.verbose ? { log } : {}),
    ...(values.long ? { long: true } : {}),
    ...(values.large ? { large: true } : {}),
  })
  print(verdict)
  process.stdout.write(`${JSON.stringify({ ...verdict.counts, faults: verdict.faults })}\n`)
  process.exit(verdict.complaints.length === 0 ? 0 : 1)
} else if (process.send !== undefined) {
  const from = Number(values.from)
  let failed = false
  for (
    let seed = from;
    seed < from + Number(values.seeds) && !(failed && values['until-failure']);
    seed += 1
  ) {
    const verdict = await simulate(seed).catch((thrown: unknown): Verdict => ({
      seed,
      complaints: [
        `the simulation itself failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
      ],
      counts: { lives: 0, events: 0, contacts: 0, imports: 0, requests: 0 },
      faults: {},
    }))
    failed ||= verdict.complaints.length > 0
    process.send(verdict)
  }
  process.exit(0)
} else {
  await runAll(Number(values.seeds), Number(values.from ?? 1))
}

async function runAll(seeds: number, first: number): Promise<void> {
  const startedAt = performance.now()
  const total = { seeds: 0, failed: 0, lives: 0, events: 0, contacts: 0, imports: 0, requests: 0 }
  const faults = new Map<string, number>()
  const workers = Number(values.workers ?? Math.min(2, availableParallelism()))
  const portion = Math.min(PORTION, Math.ceil(seeds / workers))
  let next = first
  const worker = async (): Promise<void> => {
    while (next < first + seeds && !(total.failed > 0 && values['until-failure'])) {
      const from = next
      const count = Math.min(portion, first + seeds - from)
      next += count
      await new Promise<void>((resolve) => {
        const child = fork(
          fileURLToPath(import.meta.url),
          [
            '--from',
            String(from),
            '--seeds',
            String(count),
            ...(values['until-failure'] ? ['--until-failure'] : []),
          ],
          // Little lives long here.
          { execArgv: [...process.execArgv, '--max-semi-space-size=64'] },
        )
        let done = 0
        child.on('message', (message) => {
          const verdict = message as Verdict
          done += 1
          total.seeds += 1
          for (const [key, count] of Object.entries(verdict.counts) as [keyof Verdict['counts'], number][])
            total[key] += count
          for (const [kind, count] of Object.entries(verdict.faults))
            faults.set(kind, (faults.get(kind) ?? 0) + count)
          if (verdict.complaints.length > 0) {
            total.failed += 1
            print(verdict)
          }
        })
        child.once('exit', (code) => {
          if (done < count && !(total.failed > 0 && values['until-failure'])) {
            total.failed += 1
            process.stdout.write(`a worker ended with ${code} at seed ${from + done}\n`)
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
  process.stdout.write(`${struck} faults: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}\n`)
  process.exitCode = total.failed === 0 ? 0 : 1
}

function print({ seed, complaints }: Verdict): void {
  if (complaints.length === 0) return
  process.stdout.write(`seed ${seed}: npm run simulate -- --seed ${seed}\n`)
  for (const complaint of complaints.slice(0, 8)) process.stdout.write(`  ${complaint}\n`)
}
