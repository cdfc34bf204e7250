// The state of a process that is only played, which can die before any statement.
import type { Database, Statement } from './sqlite.ts'

/** For the simulation: a process can die before any statement and any commit. */
export interface Watch {
  /** Called before each of them; what it throws keeps it from happening. `change`: a statement that writes. */
  step(what: 'change' | 'other'): void
  /** Given the way to close the files as the end of a process does. */
  opened(abandon: () => void): void
}

export function watchOver(database: Database, watch: Watch): void {
  const prepare = database.prepare.bind(database)
  const transaction = database.transaction.bind(database)
  Object.assign(database, {
    prepare(source: string): Statement {
      const statement = prepare(source)
      for (const name of ['run', 'get', 'all']) {
        const action: CallableFunction = Reflect.get(statement, name)
        Object.assign(statement, {
          [name]: (...args: unknown[]): unknown => {
            watch.step(name === 'run' ? 'change' : 'other')
            return Reflect.apply(action, statement, args)
          },
        })
      }
      return statement
    },
    transaction: (action: () => unknown) =>
      transaction(() => {
        const result = action()
        watch.step('other')
        return result
      }),
  })
}
