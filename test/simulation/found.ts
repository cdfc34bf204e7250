// Seeds that once found something that was wrong then. All of them are told anew in .ci/run: npm run simulate -- --found.
import type { Story } from './simulate.ts'

const LONG = [
  1_500_032, 1_500_094, 820_005, 800_081, 100_804, 86, 133, 161, 2663, 4772, 10_041, 11_158, 30_008, 60_181,
  72_373, 500_007,
]
const SHORT = [
  155, 245, 94, 9, 2_003_901, 2_002_562, 7_002_059, 7_007_672, 8_007_281, 291_769_355, 888_127, 6467, 5517,
  20_112, 458_140_668, 7038, 700_475,
]

const INTERCOM = [7, 47, 59, 225, 1251, 967_127_561]

const GLADLY = [239, 9219, 20_225]

export const FOUND_SOMETHING: readonly Story[] = [
  ...INTERCOM.map((seed): Story => ({ seed, helpdesks: 'intercom' })),
  ...GLADLY.map((seed): Story => ({ seed, helpdesks: 'gladly' })),
  { seed: 20_181, helpdesks: 'gladly_beside' },
  ...LONG.map((seed) => ({ seed, long: true })),
  ...SHORT.map((seed) => ({ seed })),
]
