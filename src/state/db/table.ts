// What every table's class starts from. Its statements stand beside the methods that use them, and are compiled when they are first
// called (state/db/sqlite.ts).
import type { Database } from './sqlite.ts'

export abstract class Table {
  protected readonly database: Database

  constructor(database: Database) {
    this.database = database
  }
}
