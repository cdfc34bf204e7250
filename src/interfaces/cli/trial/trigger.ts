// tajo trigger: something happens in the sandbox, to one person. Never in a real helpdesk.
import { loadConfig } from '../../../config/load.ts'
import { TajoError } from '../../../lib/errors.ts'
import { createHttp } from '../../../lib/net/http.ts'
import { requireSource } from '../../../sources/index.ts'
import { TRIGGER_PATH, type TriggerInput } from '../../../sandbox/trigger.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { print, toCount } from '../terminal/terminal.ts'

export interface TriggerOptions extends CommonOptions {
  email: string
  score?: string
  comment?: string
  tag?: string
  json?: boolean
}

const TIMEOUT_MS = 5_000

export async function runTrigger(occurrence: string, options: TriggerOptions): Promise<number> {
  const { email, score, comment, tag } = options
  const input: TriggerInput = {
    occurrence,
    email,
    ...(score === undefined ? {} : { score: toScore(score) }),
    ...(comment === undefined ? {} : { comment }),
    ...(tag === undefined ? {} : { tag }),
  }
  const happened = await ask(findSandbox(options.config), input)
  if (options.json === true) print(JSON.stringify({ happened }))
  else
    print(
      `In the sandbox, ${happened}. tajo sees it with its next look, at once where webhooks are installed.`,
    )
  return 0
}

function toScore(text: string): number {
  const score = toCount(text, '--score')
  if (score >= 1 && score <= 5) return score
  throw new TajoError('usage', `--score takes a number from 1 to 5, not ${text}.`)
}

/** Where the connector of connectors.yml points to, if that is this machine. */
function findSandbox(file: string): string {
  const { connectors } = loadConfig(file, process.env)
  for (const { source, options } of connectors) {
    const base = options[requireSource(source).address.base]
    const url = typeof base === 'string' ? new URL(base) : null
    if (url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) return url.origin
  }
  throw new TajoError(
    'usage',
    `No connector of ${file} works with a sandbox, and in a real helpdesk nothing is made to happen.`,
    {
      hint: 'Start one with tajo sandbox: it prints the command that makes a connectors.yml for it.',
    },
  )
}

async function ask(origin: string, input: TriggerInput): Promise<string> {
  const http = createHttp()
  try {
    const outcome = await http.send({
      method: 'POST',
      url: `${origin}${TRIGGER_PATH}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
      timeoutMs: TIMEOUT_MS,
    })
    if (outcome.outcome === 'answer' && outcome.status === 200)
      return (JSON.parse(outcome.body) as { happened: string }).happened
    const why =
      outcome.outcome === 'answer'
        ? `It answered ${outcome.status}.`
        : `It does not answer (${outcome.reason}).`
    throw new TajoError('usage', `No sandbox is running at ${origin}. ${why}`, {
      hint: 'Start it with tajo sandbox --helpdesk-port, with the port that stands in the file.',
    })
  } finally {
    http.close()
  }
}
