"""Writes the odd PyTorch files of this folder, without PyTorch, in the format of torch.save.

Run it in this folder: python3 make_torch_files.py
The tensors all view two storages: 0 holds the floats -3.0, -2.5 ... 2.5, 1 the bfloat16 values 1.5, -2, 3.25, 0.125, 7, 8.
"""
import collections
import io
import pickle
import struct
import zipfile


class Name:
    """A global, written by its name alone."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Something that the file asks its reader to call."""

    def __init__(self, function, *args):
        self.function, self.args = function, args


class Storage:
    def __init__(self, kind, key, data, numel):
        self.kind, self.key, self.data, self.numel = kind, key, data, numel


class Instance:
    """An object of a class, with its attributes."""

    def __init__(self, cls, state):
        self.cls, self.state = cls, state


class Pickler(pickle._Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", Name("torch", obj.kind), obj.key, "cpu", obj.numel)

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Name):
            if self.proto >= 4:
                self.save(obj.module), self.save(obj.name), self.write(pickle.STACK_GLOBAL)
            else:
                self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, (Call, Instance)) and id(obj) in self.memo:
            self.write(self.get(self.memo[id(obj)][0]))
        elif isinstance(obj, Call):
            self.save(obj.function), self.save(obj.args), self.write(pickle.REDUCE), self.memoize(obj)
        elif isinstance(obj, Instance):
            self.save(obj.cls), self.save(()), self.write(pickle.NEWOBJ), self.memoize(obj)
            self.save(obj.state), self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def bf16(x):
    return struct.pack("<f", x)[2:]


S0 = Storage("FloatStorage", "0", b"".join(struct.pack("<f", 0.5 * i - 3) for i in range(12)), 12)
S1 = Storage("BFloat16Storage", "1", b"".join(map(bf16, [1.5, -2.0, 3.25, 0.125, 7, 8])), 6)


def tensor(storage, offset, size, stride):
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), storage, offset, size, stride, False, collections.OrderedDict())


def parameter(data):
    return Call(Name("torch._utils", "_rebuild_parameter"), data, True, collections.OrderedDict())


def dump(obj, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(obj)
    return out.getvalue()


def write(path, obj, prefix="archive", protocol=2, data=None, byteorder=b"little", storages=(S0, S1), zip64=False, deflate=()):
    z = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def entry(name, content):
        info = zipfile.ZipInfo(f"{prefix}/{name}")
        info.compress_type = zipfile.ZIP_DEFLATED if name in deflate else zipfile.ZIP_STORED
        start = z.fp.tell() + 30 + len(info.filename) + (20 if zip64 else 0) + 4
        padding = -start % 64
        info.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        with z.open(info, "w", force_zip64=zip64) as f:
            f.write(content)

    entry("data.pkl", dump(obj, protocol) if data is None else data)
    if byteorder:
        entry("byteorder", byteorder)
    for s in storages:
        entry("data/" + s.key, s.data)
    entry("version", b"3\n")
    entry(".data/serialization_id", b"0" * 40)
    z.close()


state = collections.OrderedDict()
state["encoder.weight"] = tensor(S0, 0, (3, 4), (4, 1))
state["encoder.weight_T"] = tensor(S0, 0, (4, 3), (1, 4))
state["steer.bias"] = tensor(S1, 0, (2, 3), (3, 1))
with_metadata = collections.OrderedDict(state)
with_metadata._metadata = collections.OrderedDict([("", {"version": 1}), ("encoder", {"version": 1})])
row = tensor(S0, 8, (4,), (1,))

# files that are read
write("ordered_dict.pth", state)
write("state_dict_with_metadata.pth", with_metadata)
write("plain_dict.pth", dict(state))
write("nested.pth", collections.OrderedDict(state_dict=state, epoch=3, config={"d": 4, "name": "sae", "lr": 1e-4, "tied": False, "k": None}))
write("protocol4.pth", dict(state), protocol=4)
write("parameters.pth", collections.OrderedDict(weight=parameter(tensor(S0, 0, (3, 4), (4, 1)))))
write("bare_view.pth", row, prefix="direction", byteorder=None)
write("strided.pth", {"column": tensor(S0, 1, (3,), (4,)), "repeated": tensor(S1, 2, (5,), (0,)), "scalar": tensor(S0, 3, (), ()), "none": tensor(S0, 12, (0, 4), (4, 1))})
write("int_keys.pth", {13: row, -2: [row, (row, None)], 2**40: "text", "size": Call(Name("torch", "Size"), (3, 4)), "device": Call(Name("torch", "device"), "cuda", 0)})
write("steering_vector.pt", Instance(Name("steering_vectors.steering_vector", "SteeringVector"), {"layer_activations": {13: row}, "layer_type": "decoder_block"}))
write("zip64.pth", dict(state), zip64=True)
write("deflated_pickle.pth", dict(state), deflate=("data.pkl",))

# files that are refused
evil = b"cposix\nsystem\nX\x0b\x00\x00\x00touch pwned\x85R."
write("evil_system.pth", None, data=evil)
write("evil_nested.pth", {"weight": row, "hook": Call(Name("builtins", "eval"), "1")})
write("evil_stack_global.pth", None, data=b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.")
write("evil_new.pth", {"model": Instance(Name("mymodel", "Model"), {})})
write("big_endian.pth", dict(state), byteorder=b"big")
write("deflated_storage.pth", dict(state), deflate=("data/0",))
write("deflate_bomb.pth", None, data=b"\x80\x02" + b"N0" * (40 << 20) + b"N.", deflate=("data.pkl",))
write("negative_stride.pth", {"flipped": tensor(S0, 11, (12,), (-1,))})
write("negative_offset.pth", {"before": tensor(S0, -1, (2,), (1,))})
write("past_the_end.pth", {"long": tensor(S0, 8, (5,), (1,))})
write("overflowing_stride.pth", {"wraps": tensor(S0, 0, (3, 3), (2**62, 2**62))})
write("overflowing_size.pth", {"wraps": tensor(S0, 0, (2**62, 4), (0, 0))})
write("repeated_too_often.pth", {"huge": tensor(S0, 0, (2**40,), (0,))})
write("storage_too_large.pth", {"wrong": tensor(Storage("DoubleStorage", "0", b"", 12), 0, (12,), (1,))})
write("storage_missing.pth", {"wrong": tensor(Storage("FloatStorage", "7", b"", 12), 0, (12,), (1,))})
write("bare_storage.pth", {"storage": S0})
write("deep.pth", None, data=b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", deflate=("data.pkl",))
write("holds_itself.pth", None, data=b"\x80\x02]q\x00h\x00a.")
write("key_holds_itself.pth", None, data=b"\x80\x02}q\x00h\x00h\x00s.")
write("doubling.pth", None, data=b"\x80\x02N" + b"".join(bytes([0x85 if i == 0 else 0x86]) + b"2" for i in range(150)) + b"\x86.")
write("many_dicts.pth", None, data=b"\x80\x02(" + b"}" * (4 << 20) + b"t.", deflate=("data.pkl",))
write("many_marks.pth", None, data=b"\x80\x02" + b"(" * 100_000 + b".", deflate=("data.pkl",))
open("before_1_6.pt", "wb").write(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
