// npm run bench: the figures of docs/performance.md, measured through the built binary. Nothing is asserted here.
// TAJO_BENCH_SCALE (default 1) makes the shop smaller for a quick look.
import { measureConsole } from './console.mjs'
import { measureExtract } from './extract.mjs'
import { measureGladly } from './gladly.mjs'
import { measureIntercom } from './intercom.mjs'
import { measureParts } from './parts.mjs'
import { measureMarketer } from './marketer.mjs'
import { measurePolls, prepareWorkspace, runTajo, startSandbox } from './lib.mjs'
import { measureWebhooks } from './webhooks.mjs'

const scale = Number(process.env.TAJO_BENCH_SCALE ?? 1)
const size = {
  customers: 100_000 * scale,
  tickets: 200_000 * scale,
  messages: 800_000 * scale,
  surveys: 30_000 * scale,
}
const only = process.argv[2]

const rows = []
const note = (what, value) => {
  rows.push([what, value])
  console.log(`${what.padEnd(58)} ${value}`)
}
const flags = (counts) => Object.entries(counts).flatMap(([name, count]) => [`--${name}`, String(count)])

if (only === undefined || only === 'help') {
  const runs = []
  const workspace = prepareWorkspace(
    { gorgias: 'http://127.0.0.1:1', brevo: 'http://127.0.0.1:1' },
    '{ requests: 1, per_seconds: 1 }',
  )
  for (let run = 0; run < 10; run += 1) runs.push((await runTajo(workspace.directory, ['--help'])).wallMs)
  note('tajo --help, median of 10', `${Math.round(runs.sort((a, b) => a - b)[5])} ms`)
  workspace.remove()
}

if (only === undefined || only === 'first-sync' || only === 'marketer') {
  const sandbox = await startSandbox(['--no-limits', ...flags(size)])
  const workspace = prepareWorkspace(sandbox, '{ requests: 1000000, per_seconds: 1 }')
  const first = await runTajo(workspace.directory, ['sync', 'gorgias', '--json'])
  const report = JSON.parse(first.output)
  const records = Object.values(report.read).reduce((sum, count) => sum + count, 0)
  note('first sync, source records', records.toLocaleString('en-US'))
  note('first sync, contacts written', report.contacts.written.toLocaleString('en-US'))
  note(
    'first sync, source records per second of CPU',
    Math.round(records / (first.cpuMs / 1000)).toLocaleString('en-US'),
  )
  note('first sync, CPU', `${(first.cpuMs / 1000).toFixed(1)} s`)
  note('first sync, wall (limits off)', `${(first.wallMs / 1000).toFixed(1)} s`)
  note('first sync, peak memory', `${Math.round(first.peakMb)} MB`)
  const idle = await runTajo(workspace.directory, ['status', '--json'])
  note('process start and state open (tajo status), CPU', `${Math.round(idle.cpuMs)} ms`)
  await measureMarketer(note, workspace.directory)
  if (only !== 'marketer') {
    const poll = await measurePolls(workspace.directory, 15)
    note(
      'no-change poll of that state by the daemon, CPU',
      `${Math.round(poll.cpuMs)} ms (mean of ${poll.polls})`,
    )
  }
  workspace.remove()
  sandbox.stop()
}

if (only === undefined || only === 'parts') {
  const tenth = Object.fromEntries(Object.entries(size).map(([name, count]) => [name, count / 10]))
  await measureParts(note, flags(tenth))
}

if (only === undefined || only === 'intercom') await measureIntercom(note, flags, scale)
if (only === undefined || only === 'gladly') await measureGladly(note, flags, scale)
if (only === undefined || only === 'console') await measureConsole(note, flags, scale)
if (only === undefined || only === 'extract') await measureExtract(note, flags, scale)

if (only === undefined || only === 'webhooks') await measureWebhooks(note, scale)

// The whole shop takes an hour and a half, so it is measured only where it is asked for: npm run bench limits-full.
if (only === undefined || only === 'limits' || only === 'limits-full') {
  const small = { customers: 2_000, tickets: 8_000, messages: 16_000, surveys: 400 }
  const counts = only === 'limits-full' ? size : small
  const sandbox = await startSandbox(flags(counts))
  const workspace = prepareWorkspace(
    sandbox,
    '{ requests: 40, per_seconds: 20 }',
    '\n    log_api_calls: true',
  )
  const first = await runTajo(workspace.directory, ['sync', 'gorgias', '--json'])
  const { gorgias, contacts } = first.requests
  // 40 in any window of 20 s, then 10 contact requests a second: no one can be done before.
  const floorMs = (Math.floor((gorgias - 1) / 40) * 20 + (contacts - 10) / 10) * 1000
  note('with limits on, requests to Gorgias and to Brevo’s contacts', `${gorgias} and ${contacts}`)
  note('with limits on, floor that both limits give', `${(floorMs / 1000).toFixed(1)} s`)
  note('with limits on, wall', `${(first.wallMs / 1000).toFixed(1)} s`)
  note('with limits on, wall above the floor', `${((first.wallMs / floorMs - 1) * 100).toFixed(1)} %`)
  await measureMarketer((what, value) => note(`with limits on, ${what}`, value), workspace.directory)
  workspace.remove()
  sandbox.stop()
}
