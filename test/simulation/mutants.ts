// Mistakes that the simulation must find: a harness that finds nothing proves nothing. Each is a change of a copy of src/.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Helpdesks } from './simulate.ts'

export interface Mutant {
  name: string
  file: string
  from: string
  to: string
  /** Whose worlds show it; default: Gorgias's. */
  helpdesks?: Helpdesks
}

/** A status that Brevo does not document is taken for success. */
const believed = (status: number): Mutant => ({
  name: `an answer ${status} that Brevo does not document is believed`,
  file: 'brevo/transport.ts',
  from: "  if (outcome.outcome !== 'answer' || isDocumented(method, path, outcome)) return outcome\n",
  to: `  if (outcome.outcome === 'answer' && outcome.status === ${status} && !isDocumented(method, path, outcome))
    return { ...outcome, status: method === 'GET' ? 200 : 204, body: method === 'GET' ? outcome.body : '' }
  if (outcome.outcome !== 'answer' || isDocumented(method, path, outcome)) return outcome\n`,
})

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the outbox transaction is split: records are stored before what follows from them',
    file: 'sync/walk/pages.ts',
    from: '  store.transaction(() => {\n    for (const page of pages) ingestPage(context, stream, page)\n',
    to: '  for (const page of pages) ingestPage(context, stream, page)\n  store.transaction(() => {\n',
  },
  {
    name: 'the cursor is saved before the page is stored',
    file: 'sync/walk/pages.ts',
    from: '  store.transaction(() => {\n    for (const page of pages) ingestPage(context, stream, page)\n',
    to: '  store.transaction(() => {\n',
  },
  {
    name: 'the uncertain-send check is off: an event in doubt is sent again without a look',
    file: 'outbox/verify-events.ts',
    from: 'const LOOKS = [1, 3, 12] as const',
    to: 'const LOOKS = [] as number[]',
  },
  {
    name: 'after a crash what was on its way is sent again',
    file: 'state/delivery/outbox-events.ts',
    from: "SET state = 'uncertain', looks = 0, due_at = min(coalesce(sending_at, 0), @now) + @verifyAfter WHERE",
    to: "SET state = 'pending', due_at = 0 * (@now + @verifyAfter) WHERE",
  },
  {
    name: 'a membership is added without a look at who left the list',
    file: 'mapping/apply.ts',
    from: 'lookUp: true',
    to: 'lookUp: false',
  },
  {
    name: 'a contact that was deleted in Brevo is made again',
    file: 'brevo/contacts.ts',
    from: 'options.create && !write.exists',
    to: 'options.create',
  },
  {
    name: 'the block does not go with the contact to its new address',
    file: 'outbox/deliver-moves.ts',
    from: 'blocked: looked?.blocked === true, begun',
    to: 'blocked: false, begun',
  },
  {
    name: 'where the contact cannot follow, what its person said no to stays behind',
    file: 'outbox/deliver-moves.ts',
    from: '    const next = begun ?? pending.find(mayRename) ?? pending[0]',
    to: '    const next = begun ?? pending.find(mayRename)',
  },
  {
    name: 'contacts of former addresses are looked at one by one, between the writes',
    file: 'outbox/deliver-moves.ts',
    from: '  const groups = new Map<string, Move[]>()',
    to: '  const groups = new Map<string, Move[]>()\n  if (moves.length >= 0) return moves.map((one) => [one])',
  },
  {
    name: 'a list that was left under one address is joined under the next',
    file: 'outbox/deliver-moves.ts',
    from: '    store.contacts.noteLeft(to, left)\n    settle(',
    to: '    settle(',
  },
  {
    name: 'what the background found is overtaken by what happened later',
    file: 'state/delivery/outbox-events.ts',
    from: "p.state IN ('found', 'staged', 'pending', 'sending', 'uncertain')",
    to: "p.state IN ('pending', 'sending')",
  },
  {
    name: 'a web page with 200 is believed',
    file: 'brevo/answers.ts',
    from: 'if (endpoint === undefined || !body.isReadable) return false',
    to: 'if (endpoint === undefined || !body.isReadable) return status === 200',
  },
  {
    name: 'what Brevo documents is believed in any shape',
    file: 'brevo/answers.ts',
    from: 'return endpoint.success[status]?.(body.value) ?? false',
    to: 'return endpoint.success[status] !== undefined',
  },
  {
    name: 'a web page with 404 says that there is no such contact',
    file: 'brevo/answers.ts',
    from: 'if (endpoint === undefined || !body.isReadable) return false',
    to: 'if (endpoint === undefined || !body.isReadable) return status === 404',
  },
  believed(200),
  believed(202),
  believed(204),
  believed(206),
  believed(302),
  believed(304),
  {
    name: 'a part of a page of the helpdesk is taken for the whole',
    file: 'sources/verdict.ts',
    from: 'if (status === 200 && isAnswer(asked, json)) return { status, json }',
    to: 'if (status < 300 && isAnswer(asked, json)) return { status: 200, json }',
  },
  {
    name: 'a page of the helpdesk without its envelope is an empty one',
    file: 'sources/gorgias/client.ts',
    from: "return Array.isArray(data) && (next === null || typeof next === 'string')",
    to: 'return Array.isArray(data) && (Object.assign(json, { meta: { next_cursor: next ?? null } }), true)',
  },
  {
    name: 'counts are those of one helpdesk, whatever another knows',
    file: 'projection/unite.ts',
    from: '    lines.length > 1 &&',
    to: '    lines.length > 9 &&',
  },
  {
    name: 'each helpdesk judges scores for itself',
    file: 'projection/unite.ts',
    from: 'else if (isScore(rule)) scored.add(rule.list)',
    to: '',
  },
  {
    name: 'any redirect is a merge, of whatever it names',
    file: 'sources/gorgias/client.ts',
    from: "const into = isMoved ? survivorOf(asked.path, outcome.headers['location'], baseUrl) : null",
    to: "const into = outcome.outcome === 'answer' && outcome.status > 300 && outcome.status < 304 ? (outcome.headers['location'] ?? '').replace(/.*\\//, '') : null",
  },
  {
    name: 'searches of Intercom are taken to show everything at once',
    file: 'sources/intercom/index.ts',
    from: 'const SEARCH_DELAY = fromMs(15 * 60_000)',
    to: 'const SEARCH_DELAY = fromMs(0)',
    helpdesks: 'intercom',
  },
  {
    name: 'a customer whom a conversation has named is not read any more',
    file: 'state/records/customers.ts',
    from: '      (before.stub === 1 && row.stub === 0) ||\n',
    to: '',
    helpdesks: 'intercom',
  },
  {
    name: 'campaigns wait for streams that have no pages of their own',
    file: 'sync/campaigns/decide.ts',
    from: 'toOwnStreams(context.supports, streams)',
    to: 'streams',
    helpdesks: 'intercom',
  },
  {
    name: 'of what happened in a conversation between two polls the last closing is told',
    file: 'sources/intercom/parts.ts',
    from: '  return entries\n}\n\nfunction toEntryType(',
    to: "  return entries.filter((one) => one.type !== 'ticket_closed').concat(entries.findLast((one) => one.type === 'ticket_closed') ?? [])\n}\n\nfunction toEntryType(",
    helpdesks: 'intercom',
  },
  {
    name: 'events that show up late are not read again',
    file: 'sources/gladly/index.ts',
    from: 'const EVENTS_OVERLAP = fromMs(2 * 60_000)',
    to: 'const EVENTS_OVERLAP = 0',
    helpdesks: 'gladly',
  },
  {
    name: 'who is named by what happened just now is read with the rest of the first sync',
    file: 'sync/read/referenced.ts',
    from: "if (context.priority === 'live' || updatedAt >= goLive)",
    to: "if (context.priority === 'live' && updatedAt >= source.now())",
    helpdesks: 'gladly',
  },
  {
    name: 'after a gap in the feed everybody is taken for what they were',
    file: 'sync/read/read.ts',
    from: '    doubtCustomers(context)\n',
    to: '',
    helpdesks: 'gladly',
  },
  {
    name: 'what happened in a gap to an older conversation is not looked for',
    file: 'sources/gladly/reports/windows.ts',
    from: 'const since = isGap ? window.from - LOOK_BACK : window.from',
    to: 'const since = window.from',
    helpdesks: 'gladly',
  },
]

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The source with the mistake in it. */
export function plant(mutant: Mutant, root = ROOT): { file: string; text: string } {
  const file = join(root, 'src', mutant.file)
  const text = readFileSync(file, 'utf8')
  if (text.split(mutant.from).length !== 2)
    throw new Error(`${mutant.file} does not hold "${mutant.from}" once`)
  return { file, text: text.replace(mutant.from, () => mutant.to) }
}

/** The first seed that shows the mistake; null if none of `seeds` does. */
export async function findFirstFailure(mutant: Mutant, seeds: number): Promise<string | null> {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-mutant-'))
  try {
    cpSync(join(ROOT, 'src'), join(directory, 'src'), { recursive: true })
    cpSync(join(ROOT, 'test/simulation'), join(directory, 'test/simulation'), { recursive: true })
    cpSync(join(ROOT, 'scripts/run.mjs'), join(directory, 'scripts/run.mjs'))
    cpSync(join(ROOT, 'package.json'), join(directory, 'package.json'))
    cpSync(join(ROOT, 'tsconfig.json'), join(directory, 'tsconfig.json'))
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
    const { file, text } = plant(mutant, directory)
    writeFileSync(file, text)
    const worlds = mutant.helpdesks === undefined ? [] : ['--helpdesks', mutant.helpdesks]
    const output = await run(directory, ['--seeds', String(seeds), '--until-failure', ...worlds])
    // Ended by something else, it proves nothing.
    if (!/^\d+ seeds, \d+ failed/m.test(output)) throw new Error(`No summary came of ${mutant.name}`)
    return /^seed (\d+): .*\n {2}(.*)/m.exec(output)?.slice(1, 3).join(': ') ?? null
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function run(directory: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['scripts/run.mjs', 'test/simulation/cli.ts', ...args], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('close', () => resolve(output))
  })
}
