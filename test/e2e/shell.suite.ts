// What the shell knows of tajo: its commands, its options, and the names in connectors.yml.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { CLI, runTajo } from '../support/tajo.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-shell-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('the shell', () => {
  it.each(['bash', 'zsh', 'fish'])('%s gets a completion that names the commands', async (shell) => {
    const { code, stdout } = await runTajo(['completion', shell], directory)

    expect(code).toBe(0)
    expect(stdout).toContain('connectors')
    expect(stdout).toContain('--resources')
  })
})

describe('bash completes', () => {
  /** What pressing the key after the last of `words` offers. */
  async function complete(...words: string[]): Promise<string[]> {
    const bin = join(directory, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'tajo'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 })
    const script = `source <(tajo completion bash)
COMP_WORDS=(tajo "$@"); COMP_CWORD=$#; _tajo; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', ...words], {
      cwd: directory,
      env: { PATH: `${bin}:${process.env['PATH']}` },
    })
    return stdout.split('\n').filter((line) => line !== '')
  }

  it('commands, options, campaigns by their names, and leaves files to the shell', async () => {
    writeFileSync(
      join(directory, 'connectors.yml'),
      `connectors:
  gorgias:
    domain: yourstore.gorgias.com
campaigns:
  thank_you: { on: satisfaction_survey.responded, event: SUPPORT_THANKS }
`,
    )

    expect(await complete('connectors', 'ins')).toEqual(['install'])
    expect(await complete('sync', '--rec')).toEqual(['--reconcile'])
    expect(await complete('campaigns', 'why', '')).toEqual(['thank_you'])
    expect(await complete('campaigns', 'why', '--js')).toEqual(['--json'])
    // Nothing of tajo's own: the shell offers files then.
    expect(await complete('sync', '--config', '')).toEqual([])
    expect(await complete('apply', 'plan')).toEqual([])
  })
})
