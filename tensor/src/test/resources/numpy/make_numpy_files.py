"""Writes the arrays of this folder with NumPy. Run it in this folder: python3 make_numpy_files.py"""
import numpy as np

floats = (np.arange(12, dtype=np.float32) * 0.5 - 3).reshape(3, 4)
np.save("c_order.npy", floats)
np.save("fortran_order.npy", np.asfortranarray(floats))
np.save("fortran_3d.npy", np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)))
np.save("scalar.npy", np.float64(0.1))
np.save("empty.npy", np.zeros((0, 3), np.float16))
arrays = {
    name: np.array([0, 1, 2, 100], dtype)
    for name, dtype in [("f8", "<f8"), ("f4", "<f4"), ("f2", "<f2"), ("i8", "<i8"), ("i4", "<i4"), ("i2", "<i2"), ("i1", "i1"), ("u1", "u1")]
}
arrays["b1"] = np.array([True, False])
arrays["folder/fortran"] = np.asfortranarray(floats)
arrays["large"] = np.tile(floats, (100, 100))
arrays["none"] = np.zeros((2, 0), np.float32)
np.savez("stored.npz", **arrays)
np.savez_compressed("compressed.npz", **arrays)

# refused
np.save("objects.npy", np.array([{}, print], object), allow_pickle=True)
np.save("big_endian.npy", floats.astype(">f4"))
np.save("records.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
np.save("two_bytes.npy", np.zeros(2, "<u2"))
np.save("complex.npy", np.zeros(2, "<c8"))
with open("version3.npy", "wb") as f:
    np.lib.format.write_array(f, floats, version=(3, 0))
