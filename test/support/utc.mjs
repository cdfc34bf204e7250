// Every test runs in UTC, wherever the machine stands; or in the zone that is asked for (.ci/run asks for one far from it).
export default function utc() {
  process.env.TZ = process.env.TAJO_TEST_TZ ?? 'UTC'
}
