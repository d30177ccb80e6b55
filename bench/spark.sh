#!/usr/bin/env bash
# What sweeping through Spark costs beside the plain sweep: bench/spark.sh FOLDER [STYLES [LAYERS [STRENGTHS]]] sweeps two models, the
# embedded one and a copy with other weights, over styles, layers and strengths with twelve questions: plainly, with `pintle spark
# local`, and on a loopback cluster of one Master and two Workers of which one is killed midway. Prints seconds of the clock and of
# the processor (of the driver's process alone, for the cluster), and whether all points are the same.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
styles=${2:-pirate,bard,cheerful,gloomy,formal,terse,cowboy,robot,poet,scientist,chef,unsure,refuse}
layers=${3:-0-7}
strengths=${4:-0.15,0.3,0.45,0.6,0.8,1}
here=$(cd "$(dirname "$0")/.." && pwd)
pintle=$here/pintle
"$pintle" spark --help >/dev/null 2>&1

rm -rf "$out/other" && cp -r "$here/models/parley-7m" "$out/other"
python3 - "$out/other" <<'PY'
import glob, json, struct, sys
for file in glob.glob(sys.argv[1] + "/*.safetensors"): # negates the last bit of every 64th byte pair of the largest tensors
    data = bytearray(open(file, "rb").read())
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    tensors = sorted((v["data_offsets"] for k, v in header.items() if k != "__metadata__"), key=lambda o: o[0] - o[1])
    for begin, end in tensors[:8]:
        for i in range(8 + length + begin, 8 + length + end, 128):
            data[i] ^= 1 << 6
    open(file, "wb").write(data)
PY

TIMEFORMAT='%R s, of the processor %U s'
echo "plain:"
time for model in parley-7m "$out/other"; do
    for style in ${styles//,/ }; do
        PINTLE_DATA=$out/plain "$pintle" sweep --model "$model" --style "$style" --method after-last-difference --layer "$layers" \
            --strengths "$strengths" --json >/dev/null 2>>"$out/plain.log"
    done
done
job() { # DATA MODE OPTIONS...
    data=$1
    mode=$2
    shift 2
    PINTLE_DATA=$out/$data "$pintle" spark "$mode" sweep --model parley-7m --model "$out/other" --style "$styles" --layer "$layers" \
        --strengths "$strengths" --out "$out/$data-out" "$@"
}
echo "local:"
time job local local
echo "cluster, a worker killed midway:"
"$here/bench/spark_cluster.sh" "$out/cluster" 17177 &
cluster=$!
trap 'kill $cluster 2>/dev/null || true' EXIT
sleep 12
total=$(find "$out/local-out/points" -name '*.parquet' | wc -l)
(
    while [ "$(find "$out/cluster-out/points" -name '*.parquet' 2>/dev/null | wc -l)" -lt $((total / 2)) ]; do sleep 0.2; done
    pkill -9 -P "$(cat "$out/cluster/worker-1")"
    kill -9 "$(cat "$out/cluster/worker-1")"
    echo "  (worker killed)"
) &
time job cluster submit --master spark://127.0.0.1:17177 --conf spark.driver.host=127.0.0.1 --conf spark.driver.bindAddress=127.0.0.1 \
    --conf spark.executor.cores=1 --conf spark.executor.memory=800m
for data in local cluster; do
    for log in "$out"/plain/sweeps/*.jsonl; do
        # the order of points is that in which they became known
        if ! cmp -s <(sed 's/,"follow":[0-9]*//' "$log" | sort) <(sed 's/,"follow":[0-9]*//' "$out/$data/sweeps/${log##*/}" | sort); then
            echo "$data differs in ${log##*/}"
        fi
    done
done
echo "compared $(find "$out/plain/sweeps" -name '*.jsonl' | wc -l) sweeps"
