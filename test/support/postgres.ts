// A Postgres of its own for a test: the system's, started in a folder that goes with it. TAJO_POSTGRES names one that runs already.
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const ROOT = '/usr/lib/postgresql'

/** Null where there is none: `apt-get install postgresql` brings it. */
export async function startPostgres(): Promise<{ address: string; stop(): void } | null> {
  const given = process.env['TAJO_POSTGRES']
  if (given !== undefined) return { address: given, stop: () => undefined }
  // A folder may hold the client alone.
  const versions = existsSync(ROOT) ? readdirSync(ROOT) : []
  const version = versions.findLast((one) => existsSync(join(ROOT, one, 'bin/initdb')))
  if (version === undefined) return null
  const bin = join(ROOT, version, 'bin')
  const folder = mkdtempSync(join(tmpdir(), 'tajo-postgres-'))
  const owner = ownerOf()
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid!)
  const data = join(folder, 'data')
  execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'tajo'], { stdio: 'ignore', ...owner })
  const port = await findPort()
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', folder], {
    stdio: 'ignore',
    ...owner,
  })
  const isReady = (): boolean => {
    try {
      execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }
  for (let tries = 0; !isReady(); tries += 1) {
    if (tries > 300) throw new Error('Postgres did not start')
    await delay(100)
  }
  return {
    address: `postgres://tajo@127.0.0.1:${port}/postgres`,
    stop() {
      server.kill('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** It refuses to run as root. */
function ownerOf(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres']).toString())
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function findPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
