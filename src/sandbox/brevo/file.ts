// The CSV that an import takes as `fileBody`: a line of names, cells separated by semicolons (brevo-api.md § 2.5). A cell has
// no type of its own: what it means follows from its attribute.
import type { SandboxAttribute } from './account.ts'

interface Row {
  email?: unknown
  attributes: Record<string, unknown>
}

export function parseImportFile(text: string, attributes: ReadonlyMap<string, SandboxAttribute>): Row[] {
  const [names = [], ...lines] = text.split(/\r?\n/).map((line) => line.split(';'))
  return lines.map((cells) => {
    const row: Row = { attributes: {} }
    for (const [index, name] of names.entries()) {
      const cell = cells[index] ?? ''
      if (name === 'EMAIL') row.email = cell
      else if (cell !== '') row.attributes[name] = toValue(cell, attributes.get(name)?.type)
    }
    return row
  })
}

function toValue(cell: string, type: string | undefined): unknown {
  if (type === 'float') return Number(cell)
  if (type === 'boolean') return cell === 'true' ? true : cell === 'false' ? false : cell
  return cell
}
