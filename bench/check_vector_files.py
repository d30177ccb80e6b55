"""Checks steering-vector files written by Pintle with third-party readers, or against the published layout.

    ./pintle vector export NAME --for lm-eval -o v.pt      # and the same vector as .gguf, .npy and .safetensors
    python3 bench/check_vector_files.py v.safetensors v.pt v.gguf v.npy

The first file is the reference; all others must contain the same numbers. `.pt` needs torch and is loaded as
lm-evaluation-harness does (weights_only=True); `.npy` needs numpy; GGUF and safetensors are parsed here.
Prints OK for each file, and exits with status 1 at the first wrong one.
"""

import json
import struct
import sys
from pathlib import Path


def safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    (entry,) = [e for name, e in header.items() if name.startswith("direction.")]
    assert entry["dtype"] == "F32", entry
    start, end = entry["data_offsets"]
    return list(struct.unpack_from(f"<{(end - start) // 4}f", data, 8 + length + start))


def gguf(path):
    """llama.cpp's rules for control vectors: direction.N with N of at least 1, F32, one axis."""
    data = path.read_bytes()
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values[0]

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length : at].decode("utf-8")

    def value(kind):
        plain = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
        if kind == 8:
            return text()
        if kind == 9:
            element = take("I")
            return [value(element) for _ in range(take("Q"))]
        return take(plain[kind])

    assert data[:4] == b"GGUF", data[:4]
    at = 4
    assert take("I") == 3
    tensors, keys = take("Q"), take("Q")
    values = {}
    for _ in range(keys):
        key = text()
        values[key] = value(take("I"))
    infos = []
    for _ in range(tensors):
        name = text()
        dims = [take("Q") for _ in range(take("I"))]
        infos.append((name, dims, take("I"), take("Q")))
    alignment = values.get("general.alignment", 32)
    base = (at + alignment - 1) // alignment * alignment
    assert values["general.architecture"] == "controlvector", values["general.architecture"]
    assert values["controlvector.model_hint"], "repeng needs a model hint"
    assert values["controlvector.layer_count"] == tensors, values["controlvector.layer_count"]
    ((name, dims, kind, offset),) = infos
    assert name.startswith("direction.") and int(name.split(".")[1]) >= 1, name
    assert len(dims) == 1 and kind == 0, (dims, kind)
    assert (base + offset) % alignment == 0
    return list(struct.unpack_from(f"<{dims[0]}f", data, base + offset))


def pt(path):
    import torch

    loaded = torch.load(path, weights_only=True)
    ((hookpoint, record),) = loaded.items()
    assert hookpoint.startswith("layers."), hookpoint
    assert set(record) == {"steering_vector", "steering_coefficient", "action", "bias"}, set(record)
    assert record["action"] == "add" and record["bias"] is None, record
    assert isinstance(record["steering_coefficient"], float), record["steering_coefficient"]
    return record["steering_vector"].float().flatten().tolist()


def npy(path):
    import numpy

    return [float(x) for x in numpy.load(path, allow_pickle=False).astype("float32").flatten()]


READERS = {".safetensors": safetensors, ".gguf": gguf, ".pt": pt, ".npy": npy}


def main(files):
    expected = None
    for file in map(Path, files):
        found = READERS[file.suffix](file)
        if expected is None:
            expected = found
        if found != expected:
            print(f"{file}: other numbers than {files[0]}")
            return 1
        print(f"{file}: OK, {len(found)} numbers")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
