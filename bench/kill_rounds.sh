#!/bin/sh
# Repeatedly kills a command with SIGKILL, then lets it finish, and checks the result:
# no finished stage is lost, the run completes, its numbers equal those of an uninterrupted run, and no temporary files remain.
#
#     bench/kill_rounds.sh demo 20
#     bench/kill_rounds.sh "study all" 20
set -eu

command=${1:-demo}
rounds=${2:-20}
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
PINTLE_DATA=$data/killed
JAVA_OPTS="${JAVA_OPTS:-} -Dorg.bytedeco.javacpp.cachedir=$data/native" # kills also hit the unpacking of native libraries
export PINTLE_DATA JAVA_OPTS

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# Finished stages of the newest run.
stages() {
    "$here/pintle" report list --json | python3 -c 'import json, sys
runs = json.load(sys.stdin)
if runs["unusable"]: sys.exit("a run is unusable: %s" % runs["unusable"])
print(max([len(run["stages"]) for run in runs["runs"]], default=0))'
}

before=0
killed=0
round=0
longest=90 # tenths of a second; grows while no further stage ends, so that every stage is killed and every one ends
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    # shellcheck disable=SC2086 # the command may be two words
    "$here/pintle" $command >"$data/out" 2>"$data/err" &
    pid=$! # the launcher becomes the JVM by exec
    tenths=$(python3 -c 'import random; print(random.randint(5, '"$longest"') / 10)')
    sleep "$tenths"
    if kill -9 "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
    wait "$pid" 2>/dev/null || true
    after=$(stages)
    [ "$after" -ge "$before" ] || fail "round $round: $before stages were finished, $after are left"
    printf 'round %2d: killed after %s s, %s stages finished\n' "$round" "$tenths" "$after"
    if [ "$after" -eq "$before" ]; then longest=$((longest + 20)); else longest=90; fi
    before=$after
done

# shellcheck disable=SC2086
"$here/pintle" $command >"$data/out" 2>"$data/err" || fail "it does not end after the kills: $(cat "$data/err")"
litter=$(find "$PINTLE_DATA" -name '.*' ! -name '.lock' ! -path "$PINTLE_DATA" | head)
[ -z "$litter" ] || fail "left behind: $litter"
run=$("$here/pintle" report list --json | python3 -c 'import json, sys
print([run["id"] for run in json.load(sys.stdin)["runs"] if run["state"] == "finished"][0])')

PINTLE_DATA=$data/whole
# shellcheck disable=SC2086
"$here/pintle" $command >"$data/out" 2>"$data/err"
whole=$("$here/pintle" report list --json | python3 -c 'import json, sys
print([run["id"] for run in json.load(sys.stdin)["runs"] if run["state"] == "finished"][0])')
mv "$data/killed/runs/$run" "$data/whole/runs/$run"
if [ "$run" != "$whole" ]; then
    "$here/pintle" report diff "$run" "$whole" >"$data/diff"
    grep -q 'No differences' "$data/diff" || fail "$(head -n 20 "$data/diff")"
fi
printf '%s: %d rounds, %d killed, nothing lost, nothing left behind\n' "$command" "$rounds" "$killed"
