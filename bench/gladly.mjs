// What 100,000 conversations of Gladly cost, through the built binary: requests by what is asked, CPU and memory. Each customer is a request of
// their own at ten a second, so there are few of them here.
import { prepareWorkspace, runTajo, startSandbox } from './lib.mjs'

export async function measureGladly(note, flags, scale) {
  const size = {
    customers: Math.max(50, 2_000 * scale),
    tickets: 100_000 * scale,
    messages: 300_000 * scale,
    surveys: 0,
  }
  const sandbox = await startSandbox(['--no-limits', ...flags(size)], 'gladly')
  const limit = '{ requests: 1000000, per_seconds: 1 }'
  const top = 'server: { enabled: false }\n'
  const workspace = prepareWorkspace(sandbox, limit, '\n    log_api_calls: true', top, 'gladly')
  const first = await runTajo(workspace.directory, ['sync', 'gladly', '--json'])
  const { read } = JSON.parse(first.output)
  const records = Object.values(read).reduce((sum, count) => sum + count, 0)
  const { profiles, others } = countPaths(first.paths.gladly)
  note('Gladly: first sync, conversations', read.tickets.toLocaleString('en-US'))
  note('Gladly: first sync, profiles asked for (customers)', `${profiles} (${read.customers})`)
  note('Gladly: first sync, all other requests', String(others))
  note(
    'Gladly: first sync, CPU per conversation and profile',
    `${((first.cpuMs / records) * 1000).toFixed(0)} µs`,
  )
  note('Gladly: first sync, peak memory', `${Math.round(first.peakMb)} MB`)
  const poll = await runTajo(workspace.directory, ['sync', 'gladly', '--json'])
  note('Gladly: a poll that finds nothing, requests', String(poll.requests.gladly))
  workspace.remove()
  sandbox.stop()
}

function countPaths(paths) {
  const profiles = paths.filter((path) => path.startsWith('/customer-profiles/')).length
  return { profiles, others: paths.length - profiles }
}
