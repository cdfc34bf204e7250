// SQLite past tajo's own door, by the driver that it takes on this Node.
import { createRequire } from 'node:module'
import type Constructor from 'better-sqlite3'

import { findDriver } from '../../src/state/db/sqlite.ts'

export const DRIVER = findDriver() ?? ''
export const Sqlite = createRequire(import.meta.url)(DRIVER) as typeof Constructor
