#!/usr/bin/env bash
# Checks CUDA kernels on a CPU, with g++ 12 or newer: bench/kernels/check.sh [attend draw products rows tiled]. A few minutes each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../model/src/main/resources/dev/pintle/transformer/gpu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tiled=$here/../../tensor/src/main/resources/dev/pintle/tensor/cuda/tiled.cu
for source in "$sources"/{step,draw,few_rows,many_rows,rows}.cu "$tiled"; do # what only a GPU's assembler knows
    sed -E -e 's/asm\("movmatrix[^;]*;" : "=r"\(result\) : "r"\(elements\)\);/result = transposed_elements(elements);/' \
        -e 's/^extern __shared__ uint4 stages\[\];/static uint4 stages[3 * 256 * 8];/' \
        -e '/^extern __shared__ uint4 ring/s/.*/static uint4 ring[1 << 17];/' \
        -e 's/^extern __shared__ int list\[\];/static int list[LISTED + 1024];/' \
        -e 's/const u32 there = .*cvta_generic.*//' \
        -e 's/asm volatile\("cp\.async\.cg.*/if (bytes) memcpy(to, from, 16); else memset(to, 0, 16);/' \
        -e 's/asm volatile\("(cp\.async|griddepcontrol)[^;]*;"[^;]*;//' \
        -e 's/asm\("ld\.global\.nc.*/v = *(const uint4*)p;/' \
        -e 's/asm\("cvt\.f32\.f16.*/f = fp16_value(bits);/' \
        -e 's/asm\("fma\.rn\.bf16x2.*/d = minus_pairs(a, b);/' \
        -e 's/asm volatile\("prefetch.*//' "$source" >"$work/$(basename "$source" .cu).inc"
done
[ $# -gt 0 ] || set -- attend draw products rows tiled
status=0
for name in "$@"; do
    variants=("")
    [ "$name" != products ] || variants=(-DNT=2 -DNT=4)
    [ "$name" != draw ] || variants=(-DLISTED=2048 -DLISTED=8)
    [ "$name" != attend ] || variants=("-DSTAGES=3 -DHEAD=32 -DGROUP=4" "-DSTAGES=1 -DHEAD=96 -DGROUP=3")
    [ "$name" != tiled ] || variants=("-DBITS=4 -DZERO=0 -DSCALES=0 -DNT=1" "-DBITS=8 -DZERO=0 -DSCALES=0 -DNT=2" "-DBITS=8 -DZERO=0 -DSCALES=1 -DNT=1"
        "-DBITS=4 -DZERO=8 -DSCALES=2 -DNT=1" "-DBITS=8 -DZERO=0 -DSCALES=2 -DNT=2" "-DBITS=4 -DZERO=0 -DSCALES=3 -DNT=1" "-DBITS=8 -DZERO=0 -DSCALES=4 -DNT=1")
    [ "$name" != tiled ] || variants=("${variants[@]/%/ -DSTAGES=3 -DBLOCKS_PER_SM=2}")
    for variant in "${variants[@]}"; do
        g++ -O2 -std=c++20 -pthread -w $variant -I"$work" -I"$here" "$here/$name.cpp" -o "$work/$name"
        "$work/$name" || status=1
    done
done
exit $status
