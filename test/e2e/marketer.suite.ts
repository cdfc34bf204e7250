// The commands of the one who edits connectors.yml: the built binary, piped and on a terminal, over real HTTP.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Ajv } from 'ajv'

import { newFile } from '../../src/config/text/edit.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type Ended, runOnTerminal, runTajo, startTajo } from '../support/tajo.ts'

const SMALL = { customers: 40, tickets: 80, messages: 200, surveys: 40 }
const EMAIL = 'ann@shop.example'

let directory: string
let sandbox: Sandbox
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-marketer-'))
})

/** A shop with Ann in it; `prepared`: Brevo has the lists and attributes that the file asks for. */
async function open(prepared = true): Promise<void> {
  sandbox = await startSandbox({ size: SMALL, helpdeskLimit: null, brevoLimit: null, prepared })
  sandbox.brevo.account.importDelayMs = 0
  const { id } = sandbox.world.addCustomer({ email: EMAIL, name: 'Ann' })
  const ticket = sandbox.world.addTicket({ customerId: id, channel: 'chat' })
  sandbox.world.scoreSurvey(sandbox.world.addSurvey(ticket.id).id, 5)
  const address = { options: { base_url: sandbox.helpdeskUrl }, brevoBaseUrl: sandbox.brevoUrl }
  const lists = { all_support_contacts: 35, satisfied_customers: 36 }
  if (prepared) writeFileSync(file(), newFile('gorgias', address, { lists }))
}
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const run = (...args: string[]): Promise<Ended> => runTajo(args, directory)
const init = (): Promise<Ended> =>
  run('init', '--base-url', sandbox.helpdeskUrl, '--brevo-base-url', sandbox.brevoUrl, '--yes')
const file = (name = 'connectors.yml'): string => join(directory, name)
const edit = (change: (yaml: string) => string, name = 'connectors.yml'): void =>
  writeFileSync(file(name), change(readFileSync(file(), 'utf8')))
const requests = (): number =>
  [...sandbox.helpdesk.requests.values(), ...sandbox.brevo.requests.values()].reduce(
    (sum, one) => sum + one,
    0,
  )
const writes = (): string[] => [...sandbox.brevo.requests.keys()].filter((one) => !one.startsWith('GET '))

/** Parsed, and as its schema says. */
function json(name: string, { stdout }: Ended): Record<string, unknown> {
  const value = JSON.parse(stdout) as Record<string, unknown>
  const validate = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(`schema/${name}.schema.json`, 'utf8')) as object,
  )
  expect([validate(value), validate.errors]).toEqual([true, null])
  return value
}

/** As on a screen of so many columns. */
function screen(output: string): string[] {
  return stripVTControlCharacters(output).split(/\r?\n|\r/)
}

describe('tajo init', () => {
  it('makes what is missing, and a file that is sound, for the editor too', async () => {
    await open(false)
    const ended = await init()

    expect([ended.code, ended.stderr]).toEqual([0, ''])
    const yaml = readFileSync(file(), 'utf8')
    const schema = /^# yaml-language-server: \$schema=(\.\.?\/.*connectors\.schema\.json)\n/.exec(yaml)![1]!
    expect(existsSync(join(directory, schema))).toBe(true)
    expect(yaml).toContain('your tags: ')
    expect(yaml).toContain('# custom_fields.')
    expect([...sandbox.brevo.account.lists.values()]).toContain('Satisfied customers')
    expect(sandbox.brevo.account.attributes.has('TICKET_COUNT')).toBe(true)
    expect(await run('validate', '--online')).toMatchObject({ code: 0 })
  })

  it('touches no file that is there, and none where it is not let in', async () => {
    await open(false)
    writeFileSync(file(), '# mine\n')
    expect(await init()).toMatchObject({ code: 2, stderr: expect.stringContaining('is not touched') })
    expect(readFileSync(file(), 'utf8')).toBe('# mine\n')

    rmSync(file())
    const refused = await runTajo(
      ['init', '--base-url', sandbox.helpdeskUrl, '--brevo-base-url', sandbox.brevoUrl, '--yes'],
      directory,
      { env: { BREVO_API_KEY: 'wrong' } },
    )
    expect(refused.code).toBe(1)
    expect(existsSync(file())).toBe(false)
  })

  it('asks on a terminal for what no flag says', async () => {
    await open(false)
    const ended = await runOnTerminal(
      ['init', '--base-url', sandbox.helpdeskUrl, '--brevo-base-url', sandbox.brevoUrl],
      directory,
      {
        answers: [
          ['Brevo has no lists', 'y'],
          ['list of tajo’s own', 'y'],
          ['Brevo has no GORGIAS_ID', 'y'],
        ],
      },
    )

    expect(ended.code).toBe(0)
    expect(screen(ended.output).join('\n')).toContain('Brevo has no lists')
    const lists = new Map([...sandbox.brevo.account.lists].map(([id, name]) => [name, id]))
    expect([...lists.keys()]).toContain('Satisfied customers')
    expect(readFileSync(file(), 'utf8')).toContain(`import_list: ${lists.get('tajo imports')} `)
  })
})

describe('tajo plan and tajo apply', () => {
  it('say what the first sync writes, write nothing, and then do just that', async () => {
    await open()
    const before = writes()
    const planned = await run('plan', '--json', '--out', 'plan.json')
    const plan = json('plan', planned)

    expect(planned.code).toBe(0)
    expect(plan).toMatchObject({ contacts: { update: 0, unchanged: 0 }, guard: null, complete: true })
    expect(sandbox.brevo.account.contacts.size).toBe(0)
    expect(writes()).toEqual(before)
    expect(existsSync(join(directory, 'state', 'tajo.db'))).toBe(false)

    const applied = await runOnTerminal(['apply', 'plan.json'], directory, {})
    expect([applied.code, applied.output]).toEqual([0, expect.stringContaining('Written')])
    expect(sandbox.brevo.account.contacts.size).toBe((plan['contacts'] as { create: number }).create)
    expect(json('plan', await run('sync', 'gorgias', '--dry-run', '--json'))).toMatchObject({
      contacts: { create: 0, update: 0 },
    })
  })

  it('apply refuses where the world or the file is another by now, and writes nothing', async () => {
    await open()
    await run('sync', 'gorgias')
    edit((yaml) => yaml.replace('name: FIRSTNAME', 'name: LASTNAME'))
    await run('plan', '--out', 'plan.json')
    sandbox.world.addCustomer({ email: 'new@shop.example', name: 'New' })

    const drifted = await run('apply', 'plan.json')
    expect([drifted.code, drifted.stdout]).toEqual([4, ''])
    expect(drifted.stderr).toContain('contact n***@s***.example: new since the plan')
    expect(sandbox.brevo.account.contacts.get(EMAIL)!.attributes['LASTNAME']).toBeUndefined()

    writeFileSync(file('null.json'), 'null')
    expect(await run('apply', 'null.json')).toMatchObject({
      code: 2,
      stderr: expect.not.stringContaining('    at '),
    })
    edit((yaml) => `${yaml}\n`)
    const changed = await run('apply', 'plan.json')
    expect(changed).toMatchObject({ code: 4, stderr: expect.stringContaining('connectors.yml was changed') })
  })

  it('look at a part before the first sync, with all that belongs to it', async () => {
    await open()
    const plan = json('plan', await run('plan', '--sample', '1', '--json'))

    expect(plan).toMatchObject({
      sample: 1,
      contacts: { create: 1 },
      samples: [{ email: EMAIL, attributes: { TICKET_COUNT: { new: 1 }, CSAT_SCORE: { new: 5 } } }],
    })
    await run('plan', '--sample', '1', '--out', 'part.json')
    expect(await run('apply', 'part.json')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--sample'),
    })
  })

  it('shows old and new on a terminal of eighty columns, in colours unless NO_COLOR is set', async () => {
    await open()
    await run('sync', 'gorgias')
    edit((yaml) =>
      yaml.replace('nb_tickets: TICKET_COUNT', 'TICKET_COUNT: { value: nb_tickets + 1, type: number }'),
    )

    const coloured = await runOnTerminal(['plan', '--limit', '99'], directory, { columns: 80 })
    const lines = screen(coloured.output)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.join('\n')).toMatch(/~ ann@shop\.example\n {4}TICKET_COUNT +1 → 2/)
    expect(coloured.output).toContain('\u001b[33m')

    const plain = await runOnTerminal(['plan'], directory, { columns: 80, env: { NO_COLOR: '1' } })
    expect(plain.output).not.toContain('\u001b[3')
    expect((await run('plan')).stdout).not.toContain('\u001b[')
  })
})

describe('tajo explain', () => {
  it('says why a contact holds what it holds, piped, as JSON, and within the width of a terminal', async () => {
    await open()
    await run('sync', 'gorgias')

    const explained = json('explain', await run('explain', EMAIL, '--json'))
    expect(explained).toMatchObject({
      email: EMAIL,
      attributes: { CSAT_SCORE: { value: 5, from: [{ record: 'satisfaction_survey' }], previous: null } },
    })
    const line = (explained['attributes'] as Record<string, { mapping: { line: number } }>)['CSAT_SCORE']!
      .mapping.line
    expect(readFileSync(file(), 'utf8').split('\n')[line - 1]).toContain('CSAT_SCORE')

    const terminal = await runOnTerminal(['explain', EMAIL], directory, { columns: 60 })
    expect(terminal.code).toBe(0)
    expect(screen(terminal.output).filter((one) => one.length > 60)).toEqual([])
    expect((await run('explain', EMAIL)).stdout).toContain(
      `connectors.yml:${line} last_satisfaction_score, from satisfaction survey`,
    )
    const list = [...sandbox.brevo.account.lists].find(([, name]) => name === 'Satisfied customers')![0]
    expect(json('explain-list', await run('explain', '--list', String(list), '--json'))).toMatchObject({
      name: 'Satisfied customers',
    })
    expect(
      json('explain-attribute', await run('explain', '--attribute', 'csat_score', '--json')),
    ).toMatchObject({
      attribute: 'CSAT_SCORE',
      type: 'float',
    })
  })

  it('asks nobody; says so where nothing is known; and what to do before the first sync', async () => {
    await open()
    expect(await run('explain', EMAIL)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tajo plan'),
    })
    await run('sync', 'gorgias')
    const before = requests()

    expect(await run('explain', 'nobody@shop.example')).toMatchObject({ code: 1 })
    expect(await run('explain')).toMatchObject({ code: 2 })
    expect(await run('explain', '--list', '36', '--limit', 'many')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--limit takes a number'),
    })
    expect(requests()).toBe(before)
  })
})

describe('tajo validate', () => {
  it('shows every mistake in its place, as text, as JSON, and for a pull request', async () => {
    await open()
    edit((yaml) => yaml.replace('schedule:', 'shedule:').replace('nb_tickets: TICKET', 'nb_ticket: TICKET'))

    const text = await run('validate')
    expect(text.code).toBe(2)
    expect(text.stdout).toMatch(/connectors\.yml:\d+:\d+ {2}error[^]*> +\d+ \| +shedule: [^\n]*\n +\| +\^\n/)
    expect(text.stdout).toContain('Did you mean "schedule"?')
    expect(text.stdout).toContain('There is no field "nb_ticket". Did you mean "nb_tickets"?')
    const complaints = json('validate', await run('validate', '--json'))['complaints'] as {
      line: number
      column: number
    }[]
    expect(complaints).toHaveLength(2)
    const annotations = (await run('validate', '--format', 'github')).stdout.trim().split('\n')
    expect(annotations[0]).toBe(
      `::error file=connectors.yml,line=${complaints[0]!.line},col=${complaints[0]!.column},title=tajo::Unknown key "shedule". Did you mean "schedule"?`,
    )
    const terminal = await runOnTerminal(['validate'], directory, {})
    expect(screen(terminal.output).join('\n')).toContain('2 mistakes in connectors.yml.')
  })

  it('--online finds what Brevo and the helpdesk do not have', async () => {
    await open()
    edit((yaml) =>
      yaml
        .replace(/all_support_contacts: \d+/, 'all_support_contacts: 4711')
        .replace('nb_tickets: TICKET_COUNT', 'nb_tickets: TICKETS')
        .replace(/# tag_lists: .*/, 'tag_lists: { VIPP: 4711 }'),
    )
    const { complaints } = json('validate', await run('validate', '--online', '--json')) as {
      complaints: { severity: string; message: string }[]
    }

    expect(complaints.map((one) => [one.severity, one.message])).toEqual(
      expect.arrayContaining([
        ['error', expect.stringContaining('There is no list 4711 in Brevo')],
        ['error', expect.stringContaining('can not go to TICKETS')],
        ['warning', expect.stringContaining('The helpdesk has no tag "VIPP"')],
      ]),
    )
  })
})

describe('tajo diff-config', () => {
  it('shows who would change, without one request', async () => {
    await open()
    await run('sync', 'gorgias')
    edit(
      (yaml) =>
        yaml.replace('nb_tickets: TICKET_COUNT', 'TICKET_COUNT: { value: nb_tickets + 1, type: number }'),
      'new.yml',
    )
    const before = requests()

    const diff = json('diff-config', await run('diff-config', 'new.yml', '--json'))
    const contacts = sandbox.brevo.account.contacts.size
    expect(diff).toMatchObject({
      contacts: { change: contacts, same: 0 },
      attributes: { TICKET_COUNT: contacts },
    })
    const terminal = await runOnTerminal(['diff-config', 'new.yml'], directory, { columns: 70 })
    expect(screen(terminal.output).filter((line) => line.length > 70)).toEqual([])
    expect(requests()).toBe(before)
  })

  it('compares the file that is being edited with the one in force, and calls no clearing of nothing a change', async () => {
    await open()
    await run('sync', 'gorgias')
    const plusOne = 'TICKET_COUNT: { value: nb_tickets + 1, type: number }'
    edit((yaml) => yaml.replace('nb_tickets: TICKET_COUNT', plusOne))
    expect(json('diff-config', await run('diff-config', '--json'))).toMatchObject({
      contacts: { change: sandbox.brevo.account.contacts.size },
    })
    const tier = 'nb_tickets: TICKET_COUNT\n      custom_fields.tier: CUSTOMER_TYPE'
    edit((yaml) => yaml.replace(plusOne, tier))

    const diff = json('diff-config', await run('diff-config', '--json')) as {
      contacts: { change: number }
      samples: { attributes: Record<string, { old: unknown; new: unknown }> }[]
    }

    const values = diff.samples.flatMap((one) => Object.values(one.attributes))
    expect(diff.contacts.change).toBeLessThan(sandbox.brevo.account.contacts.size)
    expect(values.filter((one) => one.old === null && one.new === null)).toEqual([])
  })
})

describe('tajo test-mapping and tajo record', () => {
  it('run the tests beside the file, and make one that passes', async () => {
    await open()
    await run('sync', 'gorgias')
    expect(await run('test-mapping')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tajo record'),
    })

    const recorded = await run('record', EMAIL, '--anonymise')
    const shown = await runOnTerminal(['record', EMAIL, '--anonymise'], directory, {})
    expect(screen(shown.output).join('\n')).toContain('Recorded from a contact')
    expect(recorded.stdout).not.toMatch(/Ann\b|shop\.example/)
    writeFileSync(file('connectors.test.yml'), recorded.stdout)
    expect(json('test-mapping', await run('test-mapping', '--json'))).toMatchObject({ passed: 1, failed: 0 })

    // As `>>` does, with a second one.
    appendFileSync(file('connectors.test.yml'), (await run('record', EMAIL, '--anonymise')).stdout)
    expect(await run('test-mapping')).toMatchObject({ code: 0, stdout: expect.stringContaining('2 passed') })

    writeFileSync(file('connectors.test.yml'), recorded.stdout.replace('CSAT_SCORE: 5', 'CSAT_SCORE: 4'))
    const failed = await run('test-mapping')
    expect([failed.code, failed.stdout]).toEqual([
      1,
      expect.stringContaining('CSAT_SCORE: expected 4, got 5'),
    ])
    const terminal = await runOnTerminal(['test-mapping'], directory, {})
    expect(screen(terminal.output).join('\n')).toContain('0 passed, 1 failed')
  })
})

describe('tajo doctor', () => {
  it('finds what is in the way, and names the next command', async () => {
    await open()
    expect((await run('doctor', '--config', 'none.yml')).stdout).toMatch(
      /there is no none\.yml\n +→ tajo init/,
    )
    await run('sync', 'gorgias')
    const well = await run('doctor', '--json')
    expect([well.code, json('doctor', well)['ok']]).toEqual([0, true])

    edit((yaml) => yaml.replace(/all_support_contacts: \d+/, 'all_support_contacts: 4711'))
    const ill = await runOnTerminal(['doctor'], directory, {})
    expect(ill.code).toBe(1)
    expect(screen(ill.output).join('\n')).toMatch(/There is no list 4711[^]*→ tajo validate --online/)
  })
})

describe('a connectors.yml that is saved while tajo start runs', () => {
  it('goes live where it is small, waits where it is large, and stays out where it is faulty', async () => {
    await open()
    edit((yaml) => `${yaml}\nserver: { enabled: false }\n`)
    await run('sync', 'gorgias')
    const daemon = startTajo(['start'], directory)
    try {
      await daemon.until('Run ended')
      edit((yaml) => yaml.replace('ticket.created: SUPPORT_TICKET_OPENED', 'ticket.created: OPENED'))
      await daemon.until('is in force now')

      copyFileSync(file(), file('good.yml'))
      edit((yaml) => yaml.replace('schedule:', 'shedule:'))
      await daemon.until('the last good one stays in force')
      const faulty = await run('status')
      expect([faulty.code, faulty.stdout]).toEqual([0, expect.stringContaining('changed, with mistakes')])

      copyFileSync(file('good.yml'), file())
      edit((yaml) =>
        yaml.replace('nb_tickets: TICKET_COUNT', 'TICKET_COUNT: { value: nb_tickets + 100, type: number }'),
      )
      await daemon.until('waits for approval')
      expect((await run('status')).stdout).toContain('waits for tajo approve')
      expect(sandbox.brevo.account.contacts.get(EMAIL)!.attributes['TICKET_COUNT']).toBe(1)

      expect(await run('approve')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('contacts would change'),
      })
      await daemon.untilTimes('is in force now', 2)
      const count = (): unknown => sandbox.brevo.account.contacts.get(EMAIL)!.attributes['TICKET_COUNT']
      // The schedule may have brought runs in between.
      for (let runs = 3; runs < 6 && count() !== 101; runs += 1) await daemon.untilTimes('Run ended', runs)
      expect(count()).toBe(101)
      const nothing = await runOnTerminal(['approve'], directory, {})
      expect([nothing.code, nothing.output]).toEqual([1, expect.stringContaining('No change')])
    } finally {
      daemon.child.kill('SIGTERM')
    }
    expect((await daemon.ended).code).toBe(0)
  })
})
