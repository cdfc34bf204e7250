// What a helpdesk's answers are made of, whatever their format: a list of items in an envelope. A test may bend both.
export type Item = Record<string, unknown>

export interface Envelope {
  /** May be bent in place. */
  items: unknown[]
  /** What makes it a page of its list, besides the items: keys of an object, columns of a table. */
  parts: readonly string[]
  write(): string
  without(part: string): string
}

/** What an item's id is called. */
export const ID_KEYS: readonly string[] = ['id', 'Conversation ID']

export const idOf = (item: Item): unknown => ID_KEYS.map((key) => item[key]).find((one) => one !== undefined)

/** Null: it is no list of items. Of a report only that of tickets is one. */
export function openList(body: string): Envelope | null {
  return body.startsWith('{') || body.startsWith('[') ? openJson(body) : openTable(body)
}

function openJson(body: string): Envelope | null {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return null
  }
  if (Array.isArray(json)) return null
  const object = json as Item
  const items = Object.values(object).find((value) => Array.isArray(value))
  if (items === undefined) return null
  const without = (part: string): string =>
    JSON.stringify(Object.fromEntries(Object.entries(object).filter(([key]) => key !== part)))
  return { items, parts: Object.keys(object), write: () => JSON.stringify(object), without }
}

function openTable(body: string): Envelope | null {
  const lines = body
    .replace('\uFEFF', '')
    .split('\r\n')
    .filter((line) => line !== '')
  const [header = ''] = lines
  const columns = header.split(',')
  if (!columns.includes('Created At')) return null
  const items: unknown[] = lines.slice(1).map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(columns.map((name, index) => [name, cells[index] ?? '']))
  })
  const write = (names: readonly string[]): string =>
    [names.join(','), ...items.map((item) => names.map((name) => toCell(item, name)).join(','))].join(
      '\r\n',
    ) + '\r\n'
  return {
    items,
    parts: columns,
    write: () => write(columns),
    without: (part) => write(columns.filter((name) => name !== part)),
  }
}

function toCell(item: unknown, name: string): string {
  const value = typeof item === 'object' && item !== null ? (item as Item)[name] : undefined
  if (value === undefined || value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
