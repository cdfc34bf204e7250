#!/usr/bin/env bash
# What a full and a read-only disk do to tajo: a clear stop, nothing damaged, and on it goes when there is room. Needs root (it
# mounts a small file system) and a build.
set -uo pipefail
CLI=$(cd "$(dirname "$0")/.." && pwd)/dist/cli.js
DIR=$(mktemp -d); mkdir "$DIR/state"; cd "$DIR"
mount -t tmpfs -o size=600k tmpfs state
node "$CLI" sandbox --customers 2000 --tickets 4000 --messages 6000 --surveys 300 --no-limits --no-live > sb.log 2>&1 & SB=$!
for i in $(seq 1 40); do grep -q "^Brevo" sb.log && break; sleep 0.25; done
G=$(grep -o 'http://[^ ]*/api' sb.log | head -1); B=$(grep -o 'http://[^ ]*/v3' sb.log | head -1)
export GORGIAS_EMAIL=you@shop.example GORGIAS_API_KEY=sandbox-gorgias-key BREVO_API_KEY=sandbox-brevo-key
cat > connectors.yml <<E
brevo: { base_url: "$B" }
connectors:
  gorgias:
    base_url: "$G"
    rate_limit: { requests: 100000, per_seconds: 1 }
    lists: { all_support_contacts: 35 }
    field_mapping: { nb_tickets: TICKET_COUNT }
    event_mapping: { ticket.closed: SUPPORT_TICKET_RESOLVED }
E
T="timeout -k 2 60 node "$CLI""
echo "== full: sync"; $T sync gorgias; echo "exit $?"; df state | tail -1
echo "== full: start, which waits for room and goes on by itself"
node "$CLI" start & DAEMON=$!
sleep 8; mount -o remount,size=200m state; sleep 30
kill -TERM "$DAEMON"; wait "$DAEMON"; echo "exit $?"
echo "== room"; $T state check; $T sync gorgias; echo "exit $?"
echo "== read-only"; mount -o remount,ro state; $T sync gorgias; echo "exit $?"; $T status | head -3
kill $SB; umount state; rm -rf "$DIR"
