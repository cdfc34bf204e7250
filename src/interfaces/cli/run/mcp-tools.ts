// What an assistant may ask of tajo, each as the command that answers it: the same words and the same checks as in a terminal.
import { DEAD_LETTER_KINDS } from '../../../state/delivery/dead-letters.ts'

export interface Tool {
  name: string
  description: string
  /** Of its arguments, as JSON Schema. */
  properties: Record<string, object>
  required?: readonly string[]
  /** It changes something: only with --allow-write. */
  writes?: boolean
  /** `file`: where the text of a connectors.yml was put that came with the question. */
  toCommand(given: Given, file: string | null): string[]
}

export type Given = Readonly<Record<string, unknown>>

const text = (description: string) => ({ type: 'string', description })
const count = (description: string) => ({ type: 'integer', minimum: 1, maximum: 200, description })
const YAML = text('A whole connectors.yml to look at, instead of the one on the disk. Nothing is written.')

const limitOf = ({ limit }: Given, otherwise: number): string =>
  String(typeof limit === 'number' ? limit : otherwise)
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

/** What would be read as an option is none. */
const plain = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).replace(/^-+/, '') : ''

const READING: readonly Tool[] = [
  {
    name: 'status',
    description:
      'How each connector is: whether both sides answer, as of when Brevo is in step, what waits, what was set aside, what a person has to do.',
    properties: {},
    toCommand: () => ['status', '--json'],
  },
  {
    name: 'explain',
    description:
      'Why a contact holds what it holds (email), who is in a list and why (list), or what an attribute holds (attribute): values, the records and the line of connectors.yml behind them, events and campaigns that were sent or not, each with its reason.',
    properties: {
      email: text('Of a contact'),
      list: { type: 'integer', description: 'Id of a list in Brevo' },
      attribute: text('Name of an attribute in Brevo'),
      limit: count('Contacts or values at most'),
    },
    toCommand: (given) => [
      'explain',
      '--json',
      '--limit',
      limitOf(given, 20),
      ...(given['list'] === undefined ? [] : ['--list', plain(given['list'])]),
      ...(given['attribute'] === undefined ? [] : ['--attribute', plain(given['attribute'])]),
      ...(given['email'] === undefined ? [] : [plain(given['email'])]),
    ],
  },
  {
    name: 'validate',
    description: 'Every mistake of connectors.yml with its line and column, and what may be a slip.',
    properties: { yaml: YAML },
    toCommand: (_, file) => ['validate', '--json', ...(file === null ? [] : ['--config', file])],
  },
  {
    name: 'diff_config',
    description:
      'What a changed connectors.yml would do to the contacts that are known, against what is in force: counts, lists, events, campaigns, samples. No request is made.',
    properties: { yaml: YAML, limit: count('Samples at most') },
    required: ['yaml'],
    toCommand: (given, file) => ['diff-config', file ?? '', '--json', '--limit', limitOf(given, 5)],
  },
  {
    name: 'plan',
    description:
      'What the next sync would write to Brevo, from the helpdesk as it is now. Reads both APIs and writes nothing; it may take minutes.',
    properties: { connector: text('Only this one'), limit: count('Samples at most') },
    toCommand: (given) => [
      'plan',
      ...(given['connector'] === undefined ? [] : ['--connector', plain(given['connector'])]),
      '--json',
      '--limit',
      limitOf(given, 5),
    ],
  },
  {
    name: 'events',
    description: 'The last events of the ledger: what was sent, what waits, what was not sent and why.',
    properties: { limit: count('So many') },
    toCommand: (given) => ['events', 'tail', '--no-follow', '--json', '--lines', limitOf(given, 20)],
  },
  {
    name: 'errors',
    description: `What was set aside (${DEAD_LETTER_KINDS.join(', ')}), why, and what to do about it.`,
    properties: {},
    toCommand: () => ['dead-letters', 'list', '--json'],
  },
  {
    name: 'campaigns',
    description:
      'Each campaign, whether it is paused, and how often it fired, waits, is held or decided against.',
    properties: {},
    toCommand: () => ['campaigns', 'list', '--json'],
  },
]

const WRITING: readonly Tool[] = [
  {
    name: 'sync',
    description: 'One pass of a connector: reads what changed and writes to Brevo what follows.',
    properties: { connector: text('Which') },
    required: ['connector'],
    writes: true,
    toCommand: ({ connector }) => ['sync', plain(connector), '--json'],
  },
  {
    name: 'retry',
    description: 'Tries again what was set aside, by ids as `errors` lists them.',
    properties: { ids: { type: 'array', items: { type: 'string' }, minItems: 1 } },
    required: ['ids'],
    writes: true,
    toCommand: ({ ids }) => ['dead-letters', 'retry', '--json', ...listOf(ids).map((id) => plain(id))],
  },
  {
    name: 'approve',
    description: 'Lets a changed connectors.yml go live that a running daemon holds back.',
    properties: {},
    writes: true,
    toCommand: () => ['approve', '--json'],
  },
]

export const toTools = (mayWrite: boolean): readonly Tool[] => (mayWrite ? [...READING, ...WRITING] : READING)
