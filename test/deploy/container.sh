#!/usr/bin/env bash
# What an image promises, tried: test/deploy/container.sh IMAGE [docker|podman]. Needs an engine; docs/install.md says what was tried where.
set -euo pipefail
image=$1
engine=${2:-docker}
# shellcheck disable=SC2206 # words for the engine: --runtime runc, for example
more=(${CONTAINER_FLAGS:-})
state=$(mktemp -d)
chmod 777 "$state"
trap 'rm -rf "$state"' EXIT
run() { "$engine" run --rm "${more[@]}" --read-only --tmpfs /tmp --cap-drop=all --security-opt no-new-privileges "$@"; }
say() { printf '%s\n' "$1"; }
node() { run --entrypoint node "$image" -e "$1"; }

run "$image" --version
[ "$(node 'process.stdout.write(String(process.getuid()))')" = 65532 ]
say 'it is no root'
node "try { require('fs').writeFileSync('/app/x', ''); process.exit(1) } catch (e) { if (e.code !== 'EROFS') throw e }"
say 'it can write nothing of its own'
run -v "$state:/state" --entrypoint node "$image" -e "require('fs').writeFileSync('/state/x', '')"
say 'it can write its state'
name="tajo-$$"
"$engine" run --rm --detach --name "$name" "${more[@]}" --read-only --tmpfs /tmp --cap-drop=all "$image" demo > /dev/null
for _ in $(seq 60); do
  if "$engine" logs "$name" 2>&1 | grep -q 'First sync done'; then break; fi
  sleep 1
done
"$engine" logs "$name" 2>&1 | grep 'Brevo holds'
began=$(date +%s)
"$engine" stop --time 30 "$name" > /dev/null
[ $(($(date +%s) - began)) -lt 20 ]
say 'it syncs a shop, and leaves within seconds when it is asked to'
