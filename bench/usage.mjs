// Loaded before tajo by `node --import`: writes what the process used when it ends.
import { writeFileSync } from 'node:fs'

const file = process.env.TAJO_BENCH_USAGE
if (file !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    writeFileSync(
      file,
      JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: maxRSS / 1024 }),
    )
  })
}
