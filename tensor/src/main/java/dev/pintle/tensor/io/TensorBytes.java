package dev.pintle.tensor.io;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import java.io.IOException;

/** Streams a tensor's bytes, row-major and little-endian, in pieces, so that tensors of any size need little heap. */
final class TensorBytes {
    private static final int PIECE = 4 << 20;

    private TensorBytes() {}

    /** Receives the pieces in order. */
    interface Sink {
        void accept(byte[] piece) throws IOException;
    }

    static long size(Tensor tensor) {
        return tensor.shape().elements() * tensor.dtype().bytes();
    }

    static void stream(Tensor tensor, Sink sink) throws IOException {
        long size = size(tensor);
        if (size == 0) {
            return;
        }
        try (TensorScope scope = TensorScope.open("write a tensor")) {
            Tensor bytes = tensor.to(Device.CPU).contiguous().reshape(-1).viewAs(DType.UINT8); // [size]
            for (long at = 0; at < size; at += PIECE) {
                byte[] piece;
                try (TensorScope inner = TensorScope.open("write a piece of a tensor")) {
                    piece = bytes.narrow(0, at, Math.min(PIECE, size - at)).toBytes();
                }
                sink.accept(piece);
            }
        }
    }
}
