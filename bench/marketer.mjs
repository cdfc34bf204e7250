// What the one who edits connectors.yml waits for, with the state of the first sync: plans, what-ifs, explanations.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { runTajo } from './lib.mjs'

const seconds = ({ wallMs, cpuMs }) => `${(wallMs / 1000).toFixed(1)} s (${(cpuMs / 1000).toFixed(1)} s CPU)`

export async function measureMarketer(note, directory) {
  const file = join(directory, 'connectors.yml')
  const before = readFileSync(file, 'utf8')
  const plan = async (what) => {
    const run = await runTajo(directory, ['plan', '--json', '--limit', '1'])
    const { contacts, requests, samples } = JSON.parse(run.output)
    const all = contacts.create + contacts.update + contacts.unchanged
    note(`plan of ${all.toLocaleString('en-US')} contacts, ${what}`, seconds(run))
    note(
      `plan, ${what}: contacts that change; requests`,
      `${contacts.update}; ${requests.source} and ${requests.brevo}`,
    )
    return samples
  }
  await plan('nothing changed')
  // Of each hundred contacts some have the tag.
  writeFileSync(file, before.replace('vip: 40', 'vip: 35'))
  await plan('a tag list changed')
  const everyone = before.replace(
    'nb_tickets: TICKET_COUNT',
    'TICKET_COUNT: { value: nb_tickets + 1, type: number }',
  )
  writeFileSync(file, everyone)
  const [sample] = await plan('every contact changes')
  copyFileSync(file, join(directory, 'new.yml'))
  writeFileSync(file, before)
  const diff = await runTajo(directory, ['diff-config', 'new.yml', '--json'])
  note(
    'diff-config, every contact changes',
    `${seconds(diff)}; ${JSON.parse(diff.output).contacts.change} change`,
  )
  const runs = []
  for (let run = 0; run < 11; run += 1)
    runs.push(await runTajo(directory, ['explain', sample.email, '--json']))
  runs.sort((a, b) => a.wallMs - b.wallMs)
  note('explain of a contact, whole process, median of 11', `${Math.round(runs[5].wallMs)} ms`)
  note('explain of a contact, peak memory', `${Math.round(runs[5].peakMb)} MB`)
}
