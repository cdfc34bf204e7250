// Files that come with the package, found from the sources as from the bundle.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** `path` from the root of the package, such as `schema/connectors.schema.json`. */
export function findOwnFile(path: string): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const file = fileURLToPath(new URL(path, folder))
    if (existsSync(file) || folder.pathname === '/') return file
  }
}
