// What 100,000 conversations and 60,000 contacts of Intercom cost: requests, CPU and memory, through the built binary.
import { prepareWorkspace, runTajo, startSandbox } from './lib.mjs'

export async function measureIntercom(note, flags, scale) {
  const size = {
    customers: 60_000 * scale,
    tickets: 100_000 * scale,
    messages: 300_000 * scale,
    surveys: 15_000 * scale,
  }
  const sandbox = await startSandbox(['--no-limits', ...flags(size)], 'intercom')
  const limit = '{ requests: 1000000, per_seconds: 1 }'
  const top = 'server: { enabled: false }\n'
  const workspace = prepareWorkspace(sandbox, limit, '\n    log_api_calls: true', top, 'intercom')
  const first = await runTajo(workspace.directory, ['sync', 'intercom', '--json'])
  const records = Object.values(JSON.parse(first.output).read).reduce((sum, count) => sum + count, 0)
  note('Intercom: first sync, requests', first.requests.intercom.toLocaleString('en-US'))
  note('Intercom: first sync, source records', records.toLocaleString('en-US'))
  note('Intercom: first sync, CPU per record', `${((first.cpuMs / records) * 1000).toFixed(0)} µs`)
  note('Intercom: first sync, peak memory', `${Math.round(first.peakMb)} MB`)
  const poll = await runTajo(workspace.directory, ['sync', 'intercom', '--json'])
  note('Intercom: a sync that finds nothing, with the last 45 days, requests', String(poll.requests.intercom))
  workspace.remove()
  sandbox.stop()
}
