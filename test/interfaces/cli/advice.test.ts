// Each command that a text or a document of tajo's names is one that exists, with options that it takes.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'
import { Command } from 'commander'

import { addCommands } from '../../../src/interfaces/cli/program/index.ts'

/** The commands, none of which does anything. */
function makeProgram(): Command {
  const made = new Command('tajo')
  addCommands(made)
  const silence = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    if (command.commands.length === 0) command.action(() => undefined)
    command.commands.forEach(silence)
  }
  silence(made)
  return made
}

const program = makeProgram()

/** What is wrong with a whole command line; null if tajo would run it. */
function objectToLine(words: readonly string[]): string | null {
  try {
    makeProgram().parse(words, { from: 'user' })
    return null
  } catch (thrown) {
    return `tajo ${words.join(' ')}: ${thrown instanceof Error ? thrown.message : 'it cannot be run'}`
  }
}

const find = (parent: Command, name: string | undefined): Command | undefined =>
  parent.commands.find((one) => one.name() === name)

/** What is wrong with an advised command; null if nothing is. */
function objectTo(advised: string): string | null {
  const [first, second, ...rest] = advised.split(/\s+/)
  const command = find(program, first)
  // A sentence about tajo, and no command of it.
  if (command === undefined) return null
  const inner = find(command, second)
  if (second === undefined && command.commands.length > 0) return objectToLine([first ?? ''])
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
        .flatMap((line) => [...line.matchAll(/(?<![\w/@.-])tajo ([a-z][a-z-]*(?: [^'"`,;()|—.<]*)?)/g)])
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

/** The documents: what a stranger reads. */
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].concat(
  ['docs', 'examples'].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md') && !file.includes('node_modules'))
      .map((file) => join(directory, file)),
  ),
)

const findBlocks = (document: string): string[] =>
  [...document.matchAll(/^ *```(?:sh|bash|console)\n(.*?)^ *```/gms)].map(([, block = '']) => block)

/** The command lines of tajo in a document's blocks for a shell, each as its words. */
function findLines(document: string): string[][] {
  return findBlocks(document)
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/&&|\|\||[|;]|>>?/))
    .map((command) =>
      [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? ''),
    )
    .flatMap((words) => {
      // `tajo` is the name of an image and of a service, too.
      const at = words.findIndex(
        (word, place) =>
          /\/(?:dist\/cli\.js|\.bin\/tajo)$/.test(word) ||
          (word === 'tajo' &&
            words.slice(0, place).every((before) => /^(?:sudo|npx|[A-Z_]+=.*)$/.test(before))),
      )
      return at === -1 ? [] : [words.slice(at + 1)]
    })
}

it('each command line of a document is one that tajo would run', () => {
  const lines = DOCUMENTS.flatMap((file) =>
    findLines(readFileSync(file, 'utf8')).map((words) => ({ file, words })),
  )
  const objections = lines.flatMap(({ file, words }) => {
    const objection = objectToLine(words)
    return objection === null ? [] : [`${file}: ${objection}`]
  })

  expect(lines.length).toBeGreaterThan(60)
  expect(objections).toEqual([])
})

it('each block for a shell is one that a shell understands, and what it takes from the repository is there', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const images = readFileSync('Dockerfile', 'utf8')
  const blocks = DOCUMENTS.flatMap((file) =>
    findBlocks(readFileSync(file, 'utf8')).map((block) => [file, block]),
  )
  const objections = blocks.flatMap(([file = '', block = '']) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: block, encoding: 'utf8' })
    const named = (pattern: RegExp): string[] => [...block.matchAll(pattern)].map(([, name = '']) => name)
    return [
      ...(status === 0 ? [] : [stderr]),
      ...named(/npm run (?:-s )?([\w:-]+)/g).filter((name) => scripts[name] === undefined),
      ...named(/--build-arg (\w+)=/g).filter((name) => !images.includes(`ARG ${name}`)),
      ...named(/(?:^|[\s/@]sdk\/)((?:examples|scripts|test)\/[\w./-]+)/g).filter((path) => !existsSync(path)),
    ].map((objection) => `${file}: ${objection}`)
  })

  expect(blocks.length).toBeGreaterThan(20)
  expect(objections).toEqual([])
})

it('a command that the prose of a document names is one of tajo’s', () => {
  const objections = DOCUMENTS.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/`tajo ([a-z][^`|>]*)/g)].flatMap(([, named = '']) => {
      const [first] = named.trim().split(/\s+/)
      const objection =
        find(program, first) === undefined ? `there is no command ${named}` : objectTo(named.trim())
      return objection === null ? [] : [`${file}: ${objection}`]
    }),
  )

  expect(objections).toEqual([])
})
