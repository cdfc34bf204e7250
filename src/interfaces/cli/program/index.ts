// All commands, in the order in which `tajo --help` lists them.
import type { Command } from 'commander'

import { addAssistantCommand } from './assistant.ts'
import { addConnectorCommands } from './connectors.ts'
import { addConsoleCommands } from './console.ts'
import { addExtractCommand } from './extracting.ts'
import { addPlanCommands } from './planning.ts'
import { addSyncCommands } from './syncing.ts'
import { addTryCommands } from './trying.ts'
import { addCareCommands } from './upkeep.ts'

export function addCommands(program: Command): void {
  addConnectorCommands(program)
  addPlanCommands(program)
  addSyncCommands(program)
  addExtractCommand(program)
  addCareCommands(program)
  addConsoleCommands(program)
  addAssistantCommand(program)
  addTryCommands(program)
}
