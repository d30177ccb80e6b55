#!/usr/bin/env bash
# Kills `vector fit --resume`, `vector convert` and `vector export` at random moments, and checks that nothing is lost:
# a killed fit resumes to the vector of an uninterrupted one, a file is complete or absent, and no temporary files remain.
#
#   [ITEMS=600] bench/kill_vectors.sh [ROUNDS]        (default: 20 of each; more items for a faster machine)
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
rounds=${1:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PINTLE_DATA=$work/data
pintle=$here/pintle
"$pintle" --version >/dev/null

python3 - "$work" "${ITEMS:-600}" <<'PY' 2>/dev/null || { echo "this script writes its data with python3"; exit 1; }
import json, random, sys
random.seed(5)
words = "the whale sings a song about honey and the sea while a captain drinks tea in the old harbour".split()
items = [{"question": " ".join(random.choices(words, k=50)) + "?\n (A) yes\n (B) no",
          "answer_matching_behavior": "(A)", "answer_not_matching_behavior": "(B)"} for _ in range(int(sys.argv[2]))]
json.dump(items, open(sys.argv[1] + "/items.json", "w"))
PY

fit=("$pintle" vector fit --answers "$work/items.json" --layer 3)
content() { "$pintle" vector show "$1" --json | sed -n 's/.*"split_half_cosine" : //p;s/.*"norm_before_scaling" : //p'; }

killed=0
kill_after() { # seconds command…: whether it was killed
    local seconds=$1
    shift
    setsid "$@" >"$work/log" 2>&1 &
    local pid=$!
    sleep "$seconds"
    if kill -0 $pid 2>/dev/null; then
        kill -9 -- -$pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        killed=$((killed + 1))
        return 0
    fi
    wait $pid || { cat "$work/log"; exit 1; }
    return 1
}
moment() { awk -v low="$1" -v high="$2" -v seed="$RANDOM$RANDOM" 'BEGIN { srand(seed); print low + rand() * (high - low) }'; }

"${fit[@]}" -o "$work/whole.safetensors" >/dev/null 2>&1
expected=$(content "$work/whole.safetensors")
kept=0
for ((round = 1; round <= rounds; round++)); do
    rm -f "$work/out.safetensors" "$work/fit.state"
    longest=6 # seconds; grows with each kill, since a slow machine may not get to the first state in that time
    while kill_after "$(moment 1.5 "$longest")" "${fit[@]}" --resume "$work/fit.state" -o "$work/out.safetensors"; do
        longest=$((longest + 3))
        if [ -s "$work/fit.state" ]; then kept=$((kept + 1)); fi
        [ ! -e "$work/out.safetensors" ] || break
    done
    [ "$(content "$work/out.safetensors")" = "$expected" ] || { echo "round $round: another vector"; exit 1; }
    echo "fit --resume, round $round: killed $killed times so far, $kept of them with a state to go on from"
done
[ "$kept" -gt 0 ] || echo "no kill left a state: the fit is too short on this machine to say anything about resuming"
echo "fit --resume: $rounds rounds, killed $killed times, $kept of them with a state to go on from; the vector is the same each time"

killed=0
whole=0
commands=("convert $work/whole.safetensors $work/out.gguf --force" "export $work/whole.safetensors --for lm-eval -o $work/out.pt --force")
began=$EPOCHREALTIME
# shellcheck disable=SC2086 # a list of words
"$pintle" vector ${commands[0]} >/dev/null
needed=$(awk -v began="$began" -v now="$EPOCHREALTIME" 'BEGIN { print now - began }')
for ((round = 1; round <= rounds; round++)); do
    for command in "${commands[@]}"; do
        # shellcheck disable=SC2086 # a list of words
        kill_after "$(moment 0.1 "$(awk -v needed="$needed" 'BEGIN { print 1.2 * needed }')")" "$pintle" vector $command || true
    done
    for file in "$work/out.gguf" "$work/out.pt"; do
        [ ! -e "$file" ] || { "$pintle" vector show "$file" >/dev/null && whole=$((whole + 1)); }
    done
done
echo "convert and export: $rounds rounds of each, killed $killed times; $whole files looked at, all whole"
rm -f "$work/fit.state"
litter=$(find "$work" -name '.*.part' | wc -l)
echo "litter beside the files: $litter"
[ "$litter" -eq 0 ]
