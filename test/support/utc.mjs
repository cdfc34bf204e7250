// Every test runs in UTC, wherever the machine stands.
export default function utc() {
  process.env.TZ = 'UTC'
}
