"""Writes the GGUF files of this folder from the format's description. Run it in this folder: python3 make_gguf_files.py"""
import struct

F32, BF16, Q4_K = 0, 30, 12


def text(s):
    b = s.encode()
    return struct.pack("<Q", len(b)) + b


def string(s):
    return struct.pack("<I", 8) + text(s)


def i32(n):
    return struct.pack("<Ii", 5, n)


def u32(n):
    return struct.pack("<II", 4, n)


def strings(*items):
    return struct.pack("<IIQ", 9, 8, len(items)) + b"".join(map(text, items))


def write(path, values, tensors, alignment=32, version=3):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    for key, value in values:
        head += text(key) + value
    body = b""
    for name, dims, kind, data in tensors:
        head += text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
        head += struct.pack("<IQ", kind, len(body))
        body += data + bytes(-len(data) % alignment)
    with open(path, "wb") as f:
        f.write(head + bytes(-len(head) % alignment) + body)


vector = [
    ("general.architecture", string("controlvector")),
    ("controlvector.model_hint", string("llama")),
    ("controlvector.layer_count", i32(2)),
]
directions = [
    ("direction.1", [3], F32, struct.pack("<3f", 0.5, -1, 2)),
    ("direction.2", [3], F32, struct.pack("<3f", 3, 4, 5)),
]
write("control_vector.gguf", vector, directions)
write("control_vector_v2.gguf", vector, directions, version=2)
write(
    "mixed.gguf",
    [("general.alignment", u32(64)), ("list", strings("a", "ü"))],
    [
        ("wide", [3, 2], F32, struct.pack("<6f", *range(6))),
        ("packed", [256, 2], Q4_K, bytes(288)),
        ("half", [2], BF16, struct.pack("<2H", 0x3F80, 0xC000)),
        ("future", [4], 77, bytes(4)),
    ],
    alignment=64,
)
