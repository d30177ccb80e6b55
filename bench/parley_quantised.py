"""Writes the embedded model in GGUF's types with llama.cpp's own quantisation, for the table of docs/models.md.

    npm install --prefix FOLDER --ignore-scripts --omit=optional @node-llama-cpp/linux-x64@3.22.1
    node bench/parley_gguf.mjs F32 parley-F32.gguf
    python3 bench/parley_quantised.py FOLDER parley-F32.gguf    # parley-Q8_0.gguf and so on, beside it
    pintle compare-models parley-7m parley-Q4_K_M.gguf --sae models/parley-7m/parley-7m-sae-l3.pth --max-tokens 5000

llama.cpp comes as shared libraries without headers; the layout of its parameters is that of this version.
"""

import ctypes
import pathlib
import sys

TYPES = {"F16": 1, "BF16": 32, "Q8_0": 7, "Q6_K": 18, "Q5_K_M": 17, "Q4_K_M": 15, "Q3_K_M": 12, "Q2_K": 10, "Q4_0": 2}  # llama_ftype


class Parameters(ctypes.Structure):
    """llama_model_quantize_params, of which only the type is set: two ints, the second of which it is, and the rest."""

    _fields_ = [("threads", ctypes.c_int32), ("type", ctypes.c_int32), ("rest", ctypes.c_ubyte * 56)]


def main(packages, plain):
    bins = pathlib.Path(packages) / "node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"
    base, ggml, llama = (
        ctypes.CDLL(str(next(bins.glob(name))), mode=ctypes.RTLD_GLOBAL)
        for name in ("libggml-base.so", "libggml.v*.so", "libllama.v*.so")
    )
    ggml.ggml_backend_load_all_from_path(ctypes.c_char_p(str(bins).encode()))
    llama.llama_backend_init()
    llama.llama_model_quantize_default_params.restype = Parameters
    for name, number in TYPES.items():
        out = pathlib.Path(plain).with_name(f"parley-{name}.gguf")
        parameters = llama.llama_model_quantize_default_params()
        parameters.type = number
        if llama.llama_model_quantize(str(plain).encode(), str(out).encode(), ctypes.byref(parameters)) != 0:
            sys.exit(f"llama.cpp did not write {out}.")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: parley_quantised.py FOLDER parley-F32.gguf")
    main(*sys.argv[1:])
