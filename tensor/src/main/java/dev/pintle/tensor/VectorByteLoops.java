package dev.pintle.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/*
 * CPUs have no shifts of bytes. Pairs of bytes are shifted instead; the bits that come from the neighbour are outside the mask.
 * Vectors have one width only: with a second, JDK 17 no longer knows which it has, and takes ten times as long.
 */
/** {@link ByteLoops} with the vector instructions of the CPU. */
final class VectorByteLoops implements ByteLoops {
    private static final VectorSpecies<Byte> WIDE = ByteVector.SPECIES_256;
    private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    @Override
    public void take(byte[] from, int at, int count, int shift, int mask, byte[] to, int start) {
        if (count == 16) {
            take16(from, at, shift, mask, to, start);
            return;
        }
        for (int i = 0; i < count; i += 32) {
            ByteVector.fromArray(WIDE, from, at + i)
                    .reinterpretAsShorts()
                    .lanewise(VectorOperators.LSHR, shift)
                    .reinterpretAsBytes()
                    .and((byte) mask)
                    .intoArray(to, start + i);
        }
    }

    private static void take16(byte[] from, int at, int shift, int mask, byte[] to, int start) {
        long masks = (mask & 0xFF) * 0x0101_0101_0101_0101L;
        EIGHT.set(to, start, (long) EIGHT.get(from, at) >>> shift & masks);
        EIGHT.set(to, start + 8, (long) EIGHT.get(from, at + 8) >>> shift & masks);
    }

    @Override
    public void put(byte[] from, int at, int count, int shift, int mask, int left, byte[] to, int start) {
        for (int i = 0; i < count; i += 32) {
            ByteVector.fromArray(WIDE, from, at + i)
                    .reinterpretAsShorts()
                    .lanewise(VectorOperators.LSHR, shift)
                    .reinterpretAsBytes()
                    .and((byte) mask)
                    .reinterpretAsShorts()
                    .lanewise(VectorOperators.LSHL, left)
                    .reinterpretAsBytes() // the bits stay within their byte
                    .or(ByteVector.fromArray(WIDE, to, start + i))
                    .intoArray(to, start + i);
        }
    }

    @Override
    public void add(byte[] values, int start, int count, int number) {
        for (int i = start; i < start + count; i += 32) {
            ByteVector.fromArray(WIDE, values, i).add((byte) number).intoArray(values, i);
        }
    }
}
