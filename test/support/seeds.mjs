// Property tests draw the same cases in every run, and those of another seed where one is asked for; a failure prints the seed and
// the way to its smallest case.
import * as fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.TAJO_TEST_SEED ?? 20_261_124) })
