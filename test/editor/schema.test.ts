// What an editor makes of schema/connectors.schema.json: yaml-language-server, which stands behind VS Code, JetBrains and Neovim, run
// on good and on broken files.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const SERVER = createRequire(import.meta.url).resolve('yaml-language-server/bin/yaml-language-server')
const MODELINE = `# yaml-language-server: $schema=${resolve('schema/connectors.schema.json')}\n`

interface Message {
  id?: number
  method?: string
  params?: unknown
  result?: unknown
}
interface Diagnostic {
  message: string
  range: { start: { line: number } }
}

/** As much of the language server protocol as the questions below need. */
function startServer() {
  const child: ChildProcess = spawn(process.execPath, [SERVER, '--stdio'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const answers = new Map<number, (result: unknown) => void>()
  const diagnostics = new Map<string, (found: Diagnostic[]) => void>()
  let buffer = Buffer.alloc(0)
  let ids = 0

  function send(message: Message): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin!.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  function take(message: Message): void {
    if (message.method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics: found } = message.params as { uri: string; diagnostics: Diagnostic[] }
      diagnostics.get(uri)?.(found)
    } else if (message.method !== undefined && message.id !== undefined) {
      // It asks for settings: the defaults are what people have.
      const items = (message.params as { items?: unknown[] } | undefined)?.items
      send({ id: message.id, result: items === undefined ? null : items.map(() => ({})) })
    } else if (message.id !== undefined) answers.get(message.id)?.(message.result)
  }
  child.stdout!.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk])
    for (;;) {
      const head = /^Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(buffer.toString('latin1'))
      if (head === null) return
      const end = head[0].length + Number(head[1])
      if (buffer.length < end) return
      const body = buffer.subarray(head[0].length, end).toString('utf8')
      buffer = buffer.subarray(end)
      take(JSON.parse(body) as Message)
    }
  })

  const ask = (method: string, params: unknown): Promise<unknown> =>
    new Promise((done) => {
      const id = (ids += 1)
      answers.set(id, done)
      send({ id, method, params })
    })
  return {
    async initialize() {
      await ask('initialize', {
        processId: process.pid,
        rootUri: null,
        capabilities: { textDocument: { hover: { contentFormat: ['markdown'] }, completion: {} } },
      })
      send({ method: 'initialized', params: {} })
    },
    /** Opens it, and says what the editor would underline. */
    open: (name: string, yaml: string): Promise<Diagnostic[]> =>
      new Promise((done) => {
        const uri = `file:///${name}`
        diagnostics.set(uri, done)
        const textDocument = { uri, languageId: 'yaml', version: 1, text: MODELINE + yaml }
        send({ method: 'textDocument/didOpen', params: { textDocument } })
      }),
    at(name: string, question: 'completion' | 'hover', line: number, character: number): Promise<unknown> {
      // One line for the modeline.
      const position = { line: line + 1, character }
      return ask(`textDocument/${question}`, { textDocument: { uri: `file:///${name}` }, position })
    },
    stop: () => child.kill(),
  }
}

let server: ReturnType<typeof startServer>
beforeAll(async () => {
  server = startServer()
  await server.initialize()
})
afterAll(() => void server.stop())

const labels = (completion: unknown): string[] =>
  (completion as { items: { label: string }[] }).items.map((one) => one.label)

const GORGIAS = 'connectors:\n  gorgias:\n    domain: yourstore.gorgias.com\n'

describe('an editor', () => {
  it('finds nothing wrong with the connectors.yml of the documentation', async () => {
    expect(await server.open('good.yml', readFileSync('connectors.yml', 'utf8'))).toEqual([])
  })

  it('underlines keys and values that are wrong, each in its line', async () => {
    const found = await server.open(
      'bad.yml',
      `${GORGIAS}    shedule: "*/5 * * * *"\n    log_level: loud\n    lists: { big: { id: 44 } }\n    field_mapping:\n      name: first name\n`,
    )

    const byLine = Object.fromEntries(found.map((one) => [one.range.start.line - 1, one.message]))
    expect(byLine[3]).toMatch(/shedule is not allowed/i)
    expect(byLine[4]).toBe('Value must be "error" | "warn" | "info" | "verbose" | "debug".')
    expect(byLine[5]).toMatch(/Missing property "when"/)
    expect(byLine[7]).toBeDefined()
  })

  it('completes keys, kinds of occurrences, and the words that a key takes', async () => {
    await server.open('keys.yml', `${GORGIAS}    s\n`)
    expect(labels(await server.at('keys.yml', 'completion', 3, 5))).toEqual(
      expect.arrayContaining(['schedule', 'survey_window', 'sync']),
    )
    await server.open('events.yml', `${GORGIAS}    event_mapping:\n      \n`)
    expect(labels(await server.at('events.yml', 'completion', 4, 6))).toEqual(
      expect.arrayContaining(['ticket.closed', 'satisfaction_survey.responded']),
    )
    await server.open('words.yml', `${GORGIAS}    log_level: \n`)
    expect(labels(await server.at('words.yml', 'completion', 3, 15))).toEqual(
      expect.arrayContaining(['error', 'warn', 'info', 'debug']),
    )
  })

  it('says what a key means, where the mouse rests on it', async () => {
    await server.open('hover.yml', `${GORGIAS}    survey_window: 45d\nguards: { max_change: 10% }\n`)
    const text = JSON.stringify(await server.at('hover.yml', 'hover', 3, 8))
    expect(text).toContain('How long after it was created a survey may still be scored')
    expect(JSON.stringify(await server.at('hover.yml', 'hover', 4, 13))).toContain('tajo approve')
  })
})
