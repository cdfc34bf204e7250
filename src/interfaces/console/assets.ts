// The files that pages load: made by the build into dist/console/, read once, sent with a digest in their address, so that a browser keeps
// them for good and never has an old one.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { TajoError } from '../../lib/errors.ts'
import { findOwnFile } from '../../lib/own-file.ts'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface Asset {
  type: string
  /** Gzipped: every browser takes it so. */
  bytes: Buffer
}

export class Assets {
  readonly #addresses = new Map<string, string>()
  readonly #files = new Map<string, Asset>()

  /** Throws where the package was not built. */
  constructor(folder = findOwnFile('dist/console')) {
    for (const name of listFiles(folder)) {
      const bytes = readFileSync(join(folder, name))
      const address = `${createHash('sha256').update(bytes).digest('hex').slice(0, 10)}-${name}`
      this.#addresses.set(name, address)
      this.#files.set(address, { type: TYPES[extname(name)]!, bytes: gzipSync(bytes, { level: 9 }) })
    }
  }

  addressOf(name: string): string {
    return this.#addresses.get(name) ?? name
  }

  find(address: string): Asset | null {
    return this.#files.get(address) ?? null
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => extname(name) in TYPES)
  } catch (cause) {
    throw new TajoError('internal', `The console’s files are missing: ${folder}.`, { cause })
  }
}
