// The keys of connectors.yml that only one source has, as schemas: not needed to read a file, only to say what it may hold.
import { gorgiasOptions } from './gorgias/options.ts'

export const SOURCE_OPTIONS = { gorgias: gorgiasOptions }
