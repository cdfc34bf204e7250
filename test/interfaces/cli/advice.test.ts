// Each command that a text of tajo's names is one that exists, with options that it takes.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'
import { Command } from 'commander'

import { addCareCommands } from '../../../src/interfaces/cli/program/upkeep.ts'
import { addConnectorCommands } from '../../../src/interfaces/cli/program/connectors.ts'
import { addPlanCommands } from '../../../src/interfaces/cli/program/planning.ts'
import { addSyncCommands } from '../../../src/interfaces/cli/program/syncing.ts'
import { addTryCommands } from '../../../src/interfaces/cli/program/trying.ts'

const program = new Command('tajo')
for (const add of [addConnectorCommands, addPlanCommands, addSyncCommands, addCareCommands, addTryCommands])
  add(program)

const find = (parent: Command, name: string | undefined): Command | undefined =>
  parent.commands.find((one) => one.name() === name)

/** What is wrong with an advised command; null if nothing is. */
function objectTo(advised: string): string | null {
  const [first, second, ...rest] = advised.split(/\s+/)
  const command = find(program, first)
  // A sentence about tajo, and no command of it.
  if (command === undefined) return null
  const inner = find(command, second)
  if (command.commands.length > 0 && inner === undefined) return `there is no command ${advised}`
  const options = (inner ?? command).options.map((option) => option.long)
  const unknown = [second ?? '', ...rest].filter((word) => /^--[a-z]/.test(word) && !options.includes(word))
  return unknown.length === 0 ? null : `${advised}: it takes no ${unknown.join(', ')}`
}

/** Every command that a text of tajo's names, as it stands there. */
function findAdvised(): { file: string; advised: string }[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      readFileSync(join('src', file), 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(\/\/|\*|\/\*\*)/.test(line))
        .flatMap((line) => [...line.matchAll(/(?<![\w/@.-])tajo ([a-z][a-z-]*(?: [^'"`,;()|—.]*)?)/g)])
        .map(([, advised = '']) => ({ file, advised: advised.trim() })),
    )
}

it('what a text advises can be called', () => {
  const objections = findAdvised().flatMap(({ file, advised }) => {
    const objection = objectTo(advised)
    return objection === null ? [] : [`${file}: ${objection}`]
  })

  expect(objections).toEqual([])
})

it('what a text advises is run through the binary by a test, with its options', () => {
  const tests = readdirSync('test/e2e')
    .map((file) => readFileSync(join('test/e2e', file), 'utf8'))
    .join('\n')
  const isRun = (word: string): boolean => new RegExp(`['\\s]${word}['\\s]`).test(tests)
  const untried = findAdvised().flatMap(({ file, advised }) => {
    const [first = '', second = '', ...rest] = advised.split(/\s+/)
    const command = find(program, first)
    if (command === undefined) return []
    const words = [first, ...(command.commands.length > 0 ? [second] : [])]
    const options = [second, ...rest].filter((word) => word.startsWith('--'))
    return [...words, ...options].every(isRun) ? [] : [`${file}: ${advised}`]
  })

  expect(untried).toEqual([])
})
