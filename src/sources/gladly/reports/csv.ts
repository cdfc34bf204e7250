// CSV as reports give it: a mark at its beginning, blank lines, lines within quotes, nothing at all for an empty time
// (gladly-intercom-api.md § A.6). Only what has the columns that were documented, and is whole, is one.
import { parse } from 'csv-parse/sync'

export type Row = Readonly<Record<string, string>>

/** `keep`: of each row only these columns are kept; null: whatever it says. Null: it is no such report, or was cut off. */
export function parseReport(
  text: string,
  required: readonly string[],
  keep: readonly string[] | null,
): Row[] | null {
  // Nothing but blank lines: nothing happened.
  if (text.replace('\uFEFF', '').trim() === '') return []
  let header: string[] | null = null
  try {
    const rows = parse(text, {
      bom: true,
      skip_empty_lines: true,
      relax_column_count: false,
      columns: (names: string[]) => (header = names.map((name) => name.replace(/^\uFEFF/, '').trim())),
      on_record: (row: Record<string, string>) =>
        Object.fromEntries(
          (keep ?? Object.keys(row)).flatMap((name) =>
            row[name] === undefined ? [] : [[name, row[name].trim()]],
          ),
        ),
    }) as Row[]
    const columns: readonly string[] = header ?? []
    return required.every((name) => columns.includes(name)) ? rows : null
  } catch {
    return null
  }
}
