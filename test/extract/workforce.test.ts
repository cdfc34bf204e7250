// The layout for planners is the same for every helpdesk, and is what the shop holds: by a reading of its own, which shares no code with
// src/sources/workforce.ts.
import { expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'

import { parseConfig } from '../../src/config/load.ts'
import { layoutOf } from '../../src/extract/layouts.ts'
import type { Random } from '../../src/lib/random.ts'
import { runReport } from '../../src/sandbox/gladly/reports.ts'
import { toConversation } from '../../src/sandbox/intercom/json.ts'
import { messagesOf } from '../../src/sandbox/intercom/parts.ts'
import type { World } from '../../src/sandbox/shop/world.ts'
import { open } from '../../src/state/db/sqlite.ts'
import type { Bench } from '../conformance/helpdesk.ts'
import { GLADLY, GORGIAS, INTERCOM, type Subject } from './oracle.ts'
import { seeds, torture } from './torture.ts'

const YAML: Readonly<Record<string, string>> = {
  gorgias: 'domain: shop.gorgias.com',
  intercom: 'region: eu',
  gladly: 'domain: shop.gladly.com',
}

function tablesOf({ name }: Subject) {
  const yaml = `connectors:
  ${name}:
    ${YAML[name]}
    extract: { to: out, layout: workforce, channels: { email: mail, EMAIL: mail }, status: { solved: done } }
    business_hours: { timezone: Europe/Berlin, weekdays: 09:00-17:00, monday: [08:00-12:00, 13:00-20:00] }
`
  const [connector] = parseConfig('connectors.yml', yaml, {}).connectors
  return layoutOf(connector!, 'workforce')!.tables
}

interface Expected {
  created: number
  responded: number | null
  solved: number | null
  status: string
  channel: string
  tags: string[]
}

const MINUTE = 60_000_000

/** In Berlin, in winter: an hour ahead. Monday is 8 to 12 and 13 to 20, the others are 9 to 17. */
function businessSeconds(from: number, to: number): number {
  let total = 0
  const local = (at: number): number => at + 60 * MINUTE
  for (let start = local(from); start < local(to);) {
    const end = Math.min(local(to), (Math.floor(start / MINUTE) + 1) * MINUTE)
    const day = (Math.floor(start / (1440 * MINUTE)) + 4) % 7
    const minute = Math.floor(start / MINUTE) % 1440
    const isWork =
      day === 1
        ? (minute >= 480 && minute < 720) || (minute >= 780 && minute < 1200)
        : day >= 2 && day <= 5 && minute >= 540 && minute < 1020
    if (isWork) total += end - start
    start = end
  }
  return total / 1e6
}

const OF: Readonly<Record<string, (world: World) => Map<string, Expected>>> = {
  gorgias: (world) =>
    new Map(
      [...world.tickets.values()].map((one) => {
        const said = [...world.messages.values()]
          .filter(
            ({ ticketId, public: isPublic, note, rule }) =>
              ticketId === one.id && isPublic && !note && rule === null,
          )
          .toSorted((a, b) => a.created - b.created)
        const asked = said.findIndex(({ fromAgent }) => !fromAgent)
        const answer = asked < 0 ? undefined : said.slice(asked).find(({ fromAgent }) => fromAgent)
        const isOver = one.status === 'closed'
        return [
          String(one.id),
          {
            created: one.created,
            responded: answer?.created ?? null,
            solved: isOver ? one.closed : null,
            status: isOver ? 'done' : said.at(-1)?.fromAgent === true ? 'waiting' : 'open',
            channel: 'mail',
            tags: one.tags,
          },
        ]
      }),
    ),
  intercom(world) {
    const tickets = [...world.tickets.values()]
    const messages = messagesOf(world, tickets)
    const micros = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1e6)
    return new Map(
      tickets.map((one) => {
        const { statistics, created_at, state } = toConversation(world, one, messages.get(one.id) ?? [])
        const isLast = (statistics.last_admin_reply_at ?? 0) > (statistics.last_contact_reply_at ?? 0)
        return [
          String(one.id),
          {
            created: created_at * 1e6,
            responded: micros(statistics.first_admin_reply_at),
            solved: state === 'closed' ? micros(statistics.last_close_at) : null,
            status: state === 'closed' ? 'done' : isLast ? 'waiting' : 'open',
            channel: 'mail',
            tags: one.tags,
          },
        ]
      }),
    )
  },
  gladly(world) {
    const csv = runReport(world, {
      metricSet: 'ContactExportReportV3',
      startAtTime: '2015-01-01T00:00Z',
      endAtTime: '2040-01-01T00:00Z',
    })
    const micros = (text: string | undefined): number | null => (text ? Date.parse(text) * 1000 : null)
    return new Map(
      parse<Record<string, string>>(csv, { bom: true, columns: true, skip_empty_lines: true }).map((row) => {
        const isSolved = row['Status'] === 'ANSWERED'
        return [
          row['Contact ID']!,
          {
            created: micros(row['Queued At'])!,
            responded: micros(row['Fulfilled At']),
            solved: isSolved ? micros(row['Ended At']) : null,
            status: isSolved ? 'done' : 'open',
            channel: 'mail',
            tags: [],
          },
        ]
      }),
    )
  },
}

const toText = (at: number | null): string | null =>
  at === null
    ? null
    : `${new Date(Math.floor(at / 1e6) * 1000).toISOString().slice(0, 19)}.${String(at % 1e6).padStart(6, '0')}Z`

function toRow({ created, responded, solved, status, channel, tags }: Expected) {
  const since = (at: number | null): [number | null, number | null] =>
    at === null ? [null, null] : [Math.max(0, at - created) / 1e6, businessSeconds(created, at)]
  const [response, businessResponse] = since(responded)
  const [resolution, businessResolution] = since(solved)
  return {
    created_at: toText(created),
    channel,
    status,
    first_responded_at: toText(responded),
    first_response_seconds: response,
    first_response_business_seconds: businessResponse,
    solved_at: toText(solved),
    resolution_seconds: resolution,
    resolution_business_seconds: businessResolution,
    tags: JSON.stringify(tags),
  }
}

function moveAgents({ world }: Bench, random: Random): void {
  if (random.next() < 0.05) world.setAgentState(1, random.next() < 0.5 ? 'away' : 'online', 'lunch')
}

it.each([...seeds(GORGIAS, 2), ...seeds(INTERCOM, 1), ...seeds(GLADLY, 1)])(
  '%s, seed %i',
  async (name, seed, subject) => {
    await torture(
      subject,
      seed,
      tablesOf(subject),
      (file, { world }) => {
        const database = open(file, { readonly: true })
        const all = (sql: string) => database.prepare<[], Record<string, unknown>>(sql).all()
        const columns = Object.keys(toRow([...OF[name]!(world).values()][0]!)).join(', ')
        const held = all(`SELECT import_id, ${columns} FROM conversations WHERE _deleted_at IS NULL`)
        const people = all('SELECT imported_id, first_name, last_name, email, staffable FROM people')
        const states = name === 'gorgias' ? [] : all('SELECT * FROM agent_states ORDER BY "from", id')
        database.close()

        const expected = [...OF[name]!(world)].map(([id, one]) => [id, toRow(one)])
        expect(Object.fromEntries(held.map(({ import_id: id, ...row }) => [id, row]))).toEqual(
          Object.fromEntries(expected),
        )
        expect(people).toMatchObject([
          { first_name: 'Ann', last_name: 'Agent', email: 'agent@shop.example', staffable: 1 },
        ])
        if (name === 'gorgias') return
        expect(states).toHaveLength(world.agentStates.length)
        for (const [index, { to, person }] of states.entries()) {
          expect(to).toBe(states[index + 1]?.['from'] ?? null)
          expect(person).toBe(people[0]!['imported_id'])
        }
      },
      moveAgents,
    )
  },
)
