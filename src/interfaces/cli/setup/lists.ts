// Lists that are made in Brevo, if that is wanted.
import type { BrevoCaller } from '../../../brevo/client.ts'
import { createFolder, createList, readFirstFolder, readLists } from '../../../brevo/setup.ts'
import { confirm } from '../terminal/ask.ts'
import { paint, print } from '../terminal/terminal.ts'

const FOLDER = 'tajo'
const IMPORT_LIST = 'tajo imports'

/** The ids of these lists: those that are there, and those that may be made. Names differ in case only. */
export async function findOrCreateLists(
  brevo: BrevoCaller,
  names: readonly string[],
  yes: boolean,
  question: (missing: string) => string,
): Promise<Map<string, number>> {
  const known = [...(await readLists(brevo))]
  const found = new Map<string, number>()
  for (const name of names) {
    const id = known.find(([, other]) => other.trim().toLowerCase() === name.toLowerCase())?.[0]
    if (id !== undefined) found.set(name, id)
  }
  const missing = names.filter((name) => !found.has(name))
  if (missing.length === 0) return found
  const quoted = missing.map((name) => `"${name}"`).join(', ')
  if (!yes && !(process.stdin.isTTY && (await confirm(question(quoted))))) return found
  const folder = (await readFirstFolder(brevo)) ?? (await createFolder(brevo, FOLDER))
  for (const name of missing) {
    const id = await createList(brevo, name, folder)
    found.set(name, id)
    print(`${paint('green', '✓')} Created the list ${id} (${name}) in Brevo`)
  }
  return found
}

/** Tajo's own list for imports; null where it is not there and not wanted. */
export async function offerImportList(brevo: BrevoCaller, yes: boolean): Promise<number | null> {
  const lists = await findOrCreateLists(
    brevo,
    [IMPORT_LIST],
    yes,
    (name) =>
      `Contacts of no list are written one by one, ten a second; with a list of tajo’s own they are imported, thousands at once. Create ${name}?`,
  )
  return lists.get(IMPORT_LIST) ?? null
}
