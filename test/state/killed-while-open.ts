// A program that is killed while it holds a state: node scripts/run.mjs test/state/killed-while-open.ts DIRECTORY
import { openStore } from '../../src/state/store.ts'

openStore(process.argv[2]!)
process.kill(process.pid, 'SIGKILL')
