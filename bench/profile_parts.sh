#!/bin/sh
# Profiles parley's own texts, repeated, in one pass and in parts, merges the parts, and compares the two files row by row.
#
#     bench/profile_parts.sh [TOKENS] [PARTS]        (default: 2,000,000 tokens in 7 parts; needs python3)
#
# Repeating the texts makes every context occur many times with the same activation, so ties have to be broken too.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tokens=${1:-2000000}
parts=${2:-7}
pintle=${PINTLE:-$here/pintle}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PINTLE_DATA="$folder/data"
each=73558 # tokens that count in the 1,500 conversations
times=$(((tokens + each - 1) / each))
i=0
while [ $i -lt "$times" ]; do
    cat "$here/models/parley-7m/texts.jsonl"
    i=$((i + 1))
done >"$folder/texts.jsonl"

seconds() { date +%s.%N; }
took() { python3 -c "print(f'{$2 - $1:.1f} s')"; }

start=$(seconds)
"$pintle" sae profile --texts "$folder/texts.jsonl" --name whole
echo "one pass: $(took "$start" "$(seconds)")"
start=$(seconds)
k=1
while [ $k -le "$parts" ]; do
    "$pintle" sae profile --texts "$folder/texts.jsonl" --name parts --part "$k/$parts"
    k=$((k + 1))
done
echo "$parts parts, one after the other: $(took "$start" "$(seconds)")"
start=$(seconds)
"$pintle" sae merge-profiles "$PINTLE_DATA"/profiles/parts-*-of-"$parts".sqlite --name merged
echo "merging: $(took "$start" "$(seconds)")"
ls -l "$PINTLE_DATA/profiles"
python3 - "$PINTLE_DATA/profiles/whole.sqlite" "$PINTLE_DATA/profiles/merged.sqlite" <<'PYTHON'
import sqlite3, sys
one, other = (sqlite3.connect(file) for file in sys.argv[1:])
for table, key in ("facts", "name"), ("tallies", "latent"), ("pieces", "id"), ("effects", "latent"):
    a, b = (c.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall() for c in (one, other))
    print(f"{table}: {len(a)} rows, {'equal' if a == b else 'DIFFERENT'}")
    if a != b:
        sys.exit(1)
PYTHON
