"""One row of every quantised GGUF format with its values, by the package gguf (`pip install gguf`).

    python make_gguf_blocks.py OUT_FILE [seed]

Each format has random blocks, as UINT8 under its name, and the values under NAME.values. Scales are small FP16 numbers, one of them
subnormal, since random bytes would give infinities.
"""
import struct
import sys

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize
from safetensors.numpy import save_file

SCALES = {T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2],
          T.Q5_K: [0, 2], T.Q6_K: [208], T.IQ4_NL: [0], T.IQ4_XS: [0], T.MXFP4: []}
rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
out = {}
for kind, places in SCALES.items():
    elements, size = GGML_QUANT_SIZES[kind]
    blocks = 1024 // elements
    data = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
    for block in range(blocks):
        for place in places:
            scale = 3e-6 if block == 1 else float(rng.normal()) * 0.02
            data[block, place:place + 2] = np.frombuffer(struct.pack("<e", scale), np.uint8)
        if kind == T.MXFP4:
            data[block, 0] = rng.integers(100, 150) if block > 2 else block  # a few are subnormal FP32
    row = data.reshape(1, -1)
    out[kind.name] = row[0]
    out[kind.name + ".values"] = dequantize(row, kind).reshape(-1).astype(np.float32)
save_file(out, sys.argv[1])
