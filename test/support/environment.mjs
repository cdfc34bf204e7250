// Keeps what better-sqlite3 makes until the worker ends: see src/state/db/database.ts.
import { TestEnvironment } from 'jest-environment-node'

const kept = []

export default class KeepingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup()
    this.global[Symbol.for('tajo.sqlite.kept')] = kept
  }
}
