#!/usr/bin/env bash
# Runs the tests on a GPU, and benchmarks Pintle against Hugging Face transformers there.
#
#   bench/gpu.sh OUT [STEP ...]
#
# Steps, in this order by default: doctor tests engine steer extract sae serve memory full peer vectors compiled. Each writes OUT/STEP.txt
# and has a time limit in seconds, PINTLE_LIMIT_<STEP>; a failing step does not stop the others.
#   PINTLE        how to start Pintle (default: ./pintle)
#   PINTLE_TESTS  how to start JUnit's ConsoleLauncher with the test classes; without it, tests run through Maven
#   PINTLE_SHAPE  shape of the model with random weights (default: llama-3.1-8b)
#   PINTLE_PT     a .pt file written by `pintle vector convert`, to be checked with torch.load
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
mkdir -p "$out"
shape=${PINTLE_SHAPE:-llama-3.1-8b}
device=${PINTLE_DEVICE:-cuda}
pintle=${PINTLE:-$here/../pintle}
export PYTHONUNBUFFERED=1

packages="dev.pintle.tensor dev.pintle.transformer dev.pintle.model dev.pintle.steering dev.pintle.sae dev.pintle.server"
classes="GpuTest FusedOpsTest FusedBlocksTest RecordedStepTest GpuProductsTest GoldenForwardTest PlainReferenceTest LawsTest GoldenVectorsTest
NeighboursTest HeapWeightTest WorkersTest FloatMathTest GoldenGenerationTest InterventionTest GoldenSaeTest GoldenSaeStudiesTest GeneratorTest ReportingTest
ChatCompletionsTest ServerLawsTest"

run_tests() {
    if [ -z "${PINTLE_TESTS:-}" ]; then
        (cd "$here/.." && mvn -B -q -Pgpu verify -Dtest="${classes//[[:space:]]/,}" -Dsurefire.failIfNoSpecifiedTests=false)
        return
    fi
    arguments=()
    for p in $packages; do arguments+=(--select-package "$p"); done
    for c in $classes; do arguments+=(--include-classname ".*[.]$c"); done
    $PINTLE_TESTS execute --disable-banner --disable-ansi-colors --details=summary "${arguments[@]}"
}

step() {
    case $1 in
        tests) export PINTLE_TEST_DEVICE=$device && run_tests ;;
        doctor) $pintle doctor ;;
        engine | steer | extract) $pintle bench "$1" --device "$device" --shape "$shape" ;;
        serve) # with and without vectors: exact, then fast
            serve="$pintle bench serve --device $device --dtype bf16 --shape $shape"
            $serve --prompt 512 --tokens 128 --streams 1,8,256 --unsteered
            $serve --prompt 512 --tokens 128 --streams 1,8,256 --unsteered --fast ;;
        sae) $pintle bench sae --device "$device" --dtype bf16 ;;
        memory) PINTLE_GPU_MEMORY=22GB $pintle bench memory --device "$device" --shape "$shape" ;;
        full) # what is said when there is too little
            PINTLE_GPU_MEMORY=12GB $pintle bench engine --device "$device" --shape "$shape"
            PINTLE_GPU_MEMORY=16.8GB $pintle bench memory --device "$device" --shape "$shape" ;;
        peer) python3 "$here/compare_transformers.py" --device "$device" --shape "$shape" --sae --extract ;;
        vectors) [ -z "${PINTLE_PT:-}" ] || python3 "$here/check_vector_files.py" "$PINTLE_PT" ;;
        compiled) python3 "$here/compare_transformers.py" --device "$device" --shape "$shape" --compile --only-compiled ;;
        *) echo "no such step: $1" ;;
    esac
}
export -f step run_tests
export here out shape device pintle packages classes

declare -A limit=([tests]=420 [doctor]=30 [engine]=120 [steer]=90 [extract]=60 [sae]=60 [serve]=300 [memory]=60 [full]=40 [peer]=120 [vectors]=30 [compiled]=200)
[ $# -gt 0 ] || set -- doctor tests engine steer extract sae serve memory full peer vectors compiled
for name in "$@"; do
    variable=PINTLE_LIMIT_${name^^}
    began=$(date +%s)
    echo "=== $name"
    timeout -k 5 "${!variable:-${limit[$name]:-60}}" bash -c "step $name" 2>&1 | tee "$out/$name.txt"
    echo "--- $name: status ${PIPESTATUS[0]}, $(($(date +%s) - began)) s" | tee -a "$out/$name.txt"
done
