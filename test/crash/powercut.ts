// npm run powercut -- [--images N]: from a log of what the state asked of the disk, images are built as a power cut may leave
// them: what was synced, and any part of what was not, torn at sectors. Each must open, be sound, and hold every row that was
// acknowledged before the cut (reliability.md § 0.2, § 8.3 E). Needs strace. With `--planted normal` the log is taken for one of
// synchronous=NORMAL, which syncs before a checkpoint only: then rows must be found missing, or this test sees nothing.
import { execFileSync } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { createSeededRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/state/store.ts'
import { textKey } from '../../src/state/meta.ts'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    rows: { type: 'string', default: '700' },
    seed: { type: 'string', default: '1' },
    planted: { type: 'string' },
  },
})
const SECTOR = 512
const WORKLOAD = fileURLToPath(new URL('./powercut-workload.ts', import.meta.url))

type Step =
  | { kind: 'write'; file: string; at: number; data: Buffer }
  | { kind: 'truncate'; file: string; size: number }
  | { kind: 'sync'; file: string }
  | { kind: 'rename'; file: string; to: string }
  | { kind: 'remove'; file: string }
  | { kind: 'ack'; row: number }

const random = createSeededRandom(Number(values.seed))
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const work = mkdtempSync(join(scratch, 'tajo-powercut-'))
const state = join(work, 'state')
const log = join(work, 'strace.log')
execFileSync(
  'strace',
  [
    '-f',
    '-y',
    '-xx',
    '-s',
    '200000',
    '-e',
    'trace=pwrite64,write,fsync,fdatasync,ftruncate,rename,unlink',
    '-o',
    log,
    process.execPath,
    'scripts/run.mjs',
    WORKLOAD,
    state,
    values.rows,
  ],
  { stdio: 'ignore', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
)
const recorded = await readSteps(log)
const steps = values.planted === 'normal' ? withoutCommitSyncs(recorded) : recorded
const acks = steps.filter((step) => step.kind === 'ack').length
process.stdout.write(
  `${steps.length} steps, ${acks} acknowledged rows, ${steps.filter((one) => one.kind === 'sync').length} syncs, ${Math.round(statSync(log).size / 1e6)} MB of log\n`,
)
if (acks !== Number(values.rows)) throw new Error('the log does not hold every acknowledgement')

const first = steps.findIndex((step) => step.kind === 'ack')
const cuts = Array.from(
  { length: Number(values.images) },
  () => first + Math.floor(random.next() * (steps.length - first)),
).sort((a, b) => a - b)
let lost = 0
let damaged = 0
const durable = new Map<string, Buffer>()
let pending: Step[] = []
let acknowledged = 0
let next = 0
for (const cut of cuts) {
  for (; next <= cut; next += 1) take(steps[next]!)
  const image = new Map(durable)
  for (const step of pending) if (random.next() < 0.5) apply(image, step, true)
  const complaint = look(image, acknowledged)
  if (complaint === null) continue
  if (complaint.startsWith('lost')) lost += 1
  else damaged += 1
  process.stdout.write(`  cut at step ${cut}: ${complaint}\n`)
}
rmSync(work, { recursive: true, force: true })
process.stdout.write(`${cuts.length} images: ${lost} lost an acknowledged row, ${damaged} damaged\n`)
process.exit(lost > 0 === (values.planted === 'normal') && damaged === 0 ? 0 : 1)

/** Of the syncs of the WAL only those that a checkpoint waits for: the next write goes to the database. */
function withoutCommitSyncs(all: readonly Step[]): Step[] {
  return all.filter((step, index) => {
    if (step.kind !== 'sync' || step.file !== 'tajo.db-wal') return true
    const next = all.slice(index + 1).find((one) => one.kind === 'write')
    return next?.kind === 'write' && next.file === 'tajo.db'
  })
}

function take(step: Step): void {
  if (step.kind === 'ack') acknowledged = step.row
  else if (step.kind === 'sync') {
    for (const one of pending) if (one.kind !== 'ack' && one.file === step.file) apply(durable, one, false)
    pending = pending.filter((one) => one.kind === 'ack' || one.file !== step.file)
  } else if (step.kind === 'rename' || step.kind === 'remove') apply(durable, step, false)
  else pending.push(step)
}

/** `torn`: only the first sectors of a write arrive. */
function apply(files: Map<string, Buffer>, step: Step, torn: boolean): void {
  switch (step.kind) {
    case 'write': {
      const whole = step.data.length
      const size = torn && random.next() < 0.5 ? Math.floor((random.next() * whole) / SECTOR) * SECTOR : whole
      const before = files.get(step.file) ?? Buffer.alloc(0)
      const after = Buffer.alloc(Math.max(before.length, step.at + size))
      before.copy(after)
      step.data.copy(after, step.at, 0, size)
      files.set(step.file, after)
      return
    }
    case 'truncate': {
      const before = files.get(step.file) ?? Buffer.alloc(0)
      const after = Buffer.alloc(step.size)
      before.copy(after)
      files.set(step.file, after)
      return
    }
    case 'rename': {
      const moved = files.get(step.file)
      if (moved !== undefined) files.set(step.to, moved)
      files.delete(step.file)
      return
    }
    case 'remove':
      files.delete(step.file)
      return
    case 'sync':
    case 'ack':
  }
}

function look(image: ReadonlyMap<string, Buffer>, upTo: number): string | null {
  const directory = mkdtempSync(join(work, 'image-'))
  try {
    for (const [file, content] of image)
      if (/^tajo\.db(-wal)?$/.test(file)) writeFileSync(join(directory, file), content)
    const store = openStore(directory)
    try {
      const complaints = store.check()
      if (complaints.length > 0) return `damaged: ${complaints[0]}`
      for (let row = 1; row <= upTo; row += 1)
        if (store.meta.get(textKey(`row:${row}`)) === null) return `lost row ${row} of ${upTo}`
      return null
    } finally {
      store.close()
    }
  } catch (thrown) {
    return `does not open: ${(thrown as Error).message}`
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Lines of strace; a call that another thread interrupted stands on two of them. */
async function readSteps(file: string): Promise<Step[]> {
  const found: Step[] = []
  const unfinished = new Map<string, string>()
  for await (const raw of createInterface({ input: createReadStream(file, { encoding: 'latin1' }) })) {
    const [, pid = '', text = ''] = /^(\d+) +(.*)$/.exec(raw) ?? []
    if (text.endsWith('<unfinished ...>')) {
      unfinished.set(pid, text.slice(0, -'<unfinished ...>'.length).trimEnd())
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)
    const line = resumed === null ? text : `${unfinished.get(pid) ?? ''}${resumed[1]}`
    const step = toStep(line)
    if (step !== null) found.push(step)
  }
  return found
}

function toStep(line: string): Step | null {
  if (/= -1 /.test(line.slice(-60))) return null
  const call = /^(\w+)\(/.exec(line)?.[1]
  if (call === 'rename' || call === 'unlink') {
    const [from, to] = [...line.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) =>
      basename(unhex(match[1]!).toString()),
    )
    if (from?.startsWith('tajo.') !== true) return null
    return call === 'rename' ? { kind: 'rename', file: from, to: to! } : { kind: 'remove', file: from }
  }
  const [, descriptor, path] = /^\w+\((\d+)<([^>]*)>/.exec(line) ?? []
  if (descriptor === '1' && call === 'write') {
    const text = unhex(/"((?:\\x[0-9a-f]{2})*)"/.exec(line)?.[1] ?? '').toString()
    const row = /^ack (\d+)/.exec(text)?.[1]
    return row === undefined ? null : { kind: 'ack', row: Number(row) }
  }
  const file = basename(decodePath(path ?? ''))
  if (!/^tajo\.(db|db-wal|epoch|epoch\.new)$/.test(file)) return null
  if (call === 'fsync' || call === 'fdatasync') return { kind: 'sync', file }
  if (call === 'ftruncate') return { kind: 'truncate', file, size: Number(/, (\d+)\)/.exec(line)![1]) }
  if (call !== 'pwrite64') return null
  const [, hex = '', at] = /, "((?:\\x[0-9a-f]{2})*)", \d+, (\d+)\)/.exec(line) ?? []
  if (at === undefined) throw new Error(`strace wrote something that is not understood: ${line.slice(-80)}`)
  return { kind: 'write', file, at: Number(at), data: unhex(hex) }
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}

/** With -xx strace writes paths in hex, too. */
function decodePath(path: string): string {
  return path.includes('\\x') ? unhex(path).toString() : path
}
