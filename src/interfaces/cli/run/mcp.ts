// tajo mcp: a door for assistants, by the Model Context Protocol over standard input and output. Each question is a command of tajo in a
// process of its own, whose answer is passed on with addresses masked; nothing is written unless that was allowed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

import type { Env } from '../../../config/load.ts'
import { toShownEnv } from '../../../config/secrets/shown-env.ts'
import { maskPersonal } from '../../../lib/log/redact.ts'
import { VERSION } from '../../../lib/version.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { say } from '../terminal/terminal.ts'
import { type Given, type Tool, toTools } from './mcp-tools.ts'
import { readNow } from './preparing.ts'

export type McpOptions = CommonOptions & { allowWrite?: boolean; showAddresses?: boolean }

/** More of an answer is for nobody to read. */
const LONGEST_ANSWER = 200_000

/** Until standard input ends. */
export async function runMcp(options: McpOptions): Promise<number> {
  const tools = toTools(options.allowWrite === true)
  const server = new Server(
    { name: 'tajo', version: VERSION },
    {
      capabilities: { tools: {} },
      instructions:
        'tajo keeps a helpdesk and Brevo in step by connectors.yml. Ask status first; explain says why a contact holds a value or did not get a campaign; validate and diff_config say what a change of connectors.yml would do.',
    },
  )
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: tools.map((one) => describe(one)) }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = tools.find(({ name }) => name === params.name)
    if (tool === undefined) return toAnswer(`There is no tool ${params.name}.`, true)
    const { output, isError } = await ask(tool, params.arguments ?? {}, options, signal)
    return toAnswer(options.showAddresses === true ? output : maskPersonal(output), isError)
  })
  await server.connect(new StdioServerTransport())
  say(
    `tajo answers assistants on standard input and output${options.allowWrite === true ? ', and may write' : '; nothing can be written'}.`,
  )
  await once(process.stdin, 'end')
  await server.close()
  return 0
}

const describe = ({ name, description, properties, required = [], writes = false }: Tool) => ({
  name,
  description,
  inputSchema: { type: 'object' as const, properties, required: [...required], additionalProperties: false },
  annotations: { readOnlyHint: !writes, destructiveHint: false, openWorldHint: writes || name === 'plan' },
})

/** Half an answer would be taken for a whole one. */
const toAnswer = (text: string, isError: boolean) =>
  text.length <= LONGEST_ANSWER
    ? { content: [{ type: 'text' as const, text }], isError }
    : {
        content: [
          {
            type: 'text' as const,
            text: `The answer has ${text.length} characters, and at most ${LONGEST_ANSWER} are passed on. Ask for less: with a limit, or for one contact.`,
          },
        ],
        isError: true,
      }

/** By the command; its exit code is not taken for an error where it has answered. */
async function ask(
  tool: Tool,
  given: Given,
  { config, stateDir }: CommonOptions,
  signal: AbortSignal,
): Promise<{ output: string; isError: boolean }> {
  const missing = (tool.required ?? []).filter((name) => given[name] === undefined)
  if (missing.length > 0) return { output: `${missing.join(', ')} is missing.`, isError: true }
  const folder = mkdtempSync(join(tmpdir(), 'tajo-mcp-'))
  try {
    const { yaml } = given
    const file = typeof yaml === 'string' ? join(folder, 'connectors.yml') : null
    if (file !== null) writeFileSync(file, String(yaml), { mode: 0o600 })
    const command = tool.toCommand(given, file)
    const places = [...(command.includes('--config') ? [] : ['--config', config]), '--state-dir', stateDir]
    // What somebody else wrote may name any variable, and its value would be in the answer.
    const env = file === null ? process.env : toShownEnv(process.env, String(yaml), readNow(config))
    const { stdout, stderr } = await run([...command, ...places], env, signal)
    return stdout === '' ? { output: stderr, isError: true } : { output: stdout, isError: false }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(
  args: readonly string[],
  env: Env,
  signal: AbortSignal,
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, NO_COLOR: '1' },
    signal,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  await once(child, 'close')
  return said
}
