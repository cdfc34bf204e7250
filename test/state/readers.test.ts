// Whoever only looks at the state, while another process starts with it, or works.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { DRIVER, Sqlite } from '../support/sqlite.ts'
import { isLocked } from '../../src/state/db/lock.ts'
import { MIGRATIONS } from '../../src/state/db/migrations.ts'
import { openStore, openStoreBeside, openStoreReadOnly } from '../../src/state/store.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-readers-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('whoever only looks', () => {
  it('finds nothing stored while a first start has made the file and not its tables', () => {
    const file = join(directory, 'tajo.db')
    writeFileSync(file, '')
    expect(openStoreReadOnly(directory)).toBeNull()
    expect(openStoreBeside(directory)).toBeNull()

    const started = new Sqlite(file)
    started.pragma('journal_mode = WAL')

    expect(openStoreReadOnly(directory)).toBeNull()
    started.close()
  })

  it('is told of a state of another version by its words', () => {
    const written = new Sqlite(join(directory, 'tajo.db'))
    const versions = [MIGRATIONS.length - 1, MIGRATIONS.length + 1].map((version) => {
      written.pragma(`user_version = ${version}`)
      return [openStoreReadOnly, openStoreBeside].map((look) => {
        try {
          return look(directory)
        } catch (thrown) {
          return (thrown as Error).message
        }
      })
    })
    written.close()

    const [older, newer] = ['an earlier', 'a newer'].map((one) => `The state was written by ${one} tajo.`)
    expect(versions).toEqual([
      [older, older],
      [newer, newer],
    ])
  })

  it('is not taken for who works, and keeps nobody from starting', async () => {
    openStore(directory).close()
    // As between the two calls of one who asks; it goes on while the start waits for it.
    const goOn = new Int32Array(new SharedArrayBuffer(4))
    const asking = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
      const Sqlite = require('${DRIVER}')
      const file = new Sqlite(workerData.path, { readonly: true })
      file.exec('BEGIN')
      file.pragma('schema_version')
      parentPort.postMessage('asking')
      Atomics.wait(workerData.goOn, 0, 0)
      Atomics.wait(workerData.goOn, 0, 1, 50)
      file.close()`,
      { eval: true, workerData: { path: join(directory, 'tajo.lock'), goOn } },
    )
    await once(asking, 'message')
    expect(isLocked(directory)).toBe(false)
    const ended = once(asking, 'exit')
    Atomics.store(goOn, 0, 1)
    Atomics.notify(goOn, 0)

    const store = openStore(directory)

    expect(isLocked(directory)).toBe(true)
    store.close()
    expect(isLocked(directory)).toBe(false)
    await ended
  })
})
