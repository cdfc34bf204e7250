// What the console costs the daemon that it comes out of: memory, CPU of a page, bytes, and a live view of many events a second.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { CLI, KEYS, prepareWorkspace, runTajo, startSandbox } from './lib.mjs'

const PAGES = ['', '/live', '/set-aside', '/campaigns', '/runs', '/mapping']
const VIEWS = 50
const TICKS_PER_SECOND = 100

const cpuMs = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}
const residentMb = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function startDaemon(directory) {
  const child = spawn(process.execPath, [CLI, 'start'], {
    cwd: directory,
    env: { ...process.env, ...KEYS },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const lines = createInterface({ input: child.stderr })
  let address = null
  for await (const line of lines) {
    address = /"address":"(http:[^"]+)"/.exec(line)?.[1] ?? address
    if (address !== null && line.includes('Run ended')) break
  }
  child.stderr.resume()
  return {
    pid: child.pid,
    address,
    async stop() {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}

const withConsole = (yaml, isOn) => yaml.replace(/^server: .*$/m, `server: { port: 0, console: ${isOn} }`)

async function signIn(directory, address) {
  const { stdout } = spawnSync(process.execPath, [CLI, 'console', 'token', '--name', 'bench', '--editor'], {
    cwd: directory,
    encoding: 'utf8',
  })
  const answer = await fetch(`${address}/console/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ token: stdout.trim() }),
  })
  return { cookie: answer.headers.get('set-cookie').split(';')[0] }
}

export async function measureConsole(note, flags, scale) {
  const size = { customers: 100_000 * scale, tickets: 200_000 * scale, messages: 0, surveys: 30_000 * scale }
  const sandbox = await startSandbox(['--no-limits', ...flags(size)])
  const workspace = prepareWorkspace(sandbox, '{ requests: 1000000, per_seconds: 1 }')
  const { directory } = workspace
  const file = join(directory, 'connectors.yml')
  const yaml = readFileSync(file, 'utf8')
  await runTajo(directory, ['sync', 'gorgias', '--json'])

  const memory = {}
  for (const isOn of [false, true]) {
    writeFileSync(file, withConsole(yaml, isOn))
    const daemon = await startDaemon(directory)
    await sleep(3_000)
    memory[isOn] = residentMb(daemon.pid)
    if (isOn) {
      const headers = await signIn(directory, daemon.address)
      const look = async (path) => await (await fetch(`${daemon.address}/console${path}`, { headers })).text()
      for (const path of PAGES) {
        await look(path)
        const before = cpuMs(daemon.pid)
        let html = ''
        for (let view = 0; view < VIEWS; view += 1) html = await look(path)
        const used = (cpuMs(daemon.pid) - before) / VIEWS
        note(
          `console, a view of ${path || '/'}: CPU; HTML gzipped`,
          `${used.toFixed(1)} ms; ${(gzipSync(html).length / 1024).toFixed(1)} kB`,
        )
      }
      memory.viewed = residentMb(daemon.pid)
    }
    await daemon.stop()
  }
  note(
    'daemon, resident: console off; on; after 300 views',
    [memory.false, memory.true, memory.viewed].map((mb) => `${Math.round(mb)} MB`).join('; '),
  )
  workspace.remove()
  sandbox.stop()
}
