package dev.pintle.tensor;

/** {@link ByteLoops} without vector instructions. */
final class PlainByteLoops implements ByteLoops {
    @Override
    public void take(byte[] from, int at, int count, int shift, int mask, byte[] to, int start) {
        for (int i = 0; i < count; i++) {
            to[start + i] = (byte) ((from[at + i] >>> shift) & mask);
        }
    }

    @Override
    public void put(byte[] from, int at, int count, int shift, int mask, int left, byte[] to, int start) {
        for (int i = 0; i < count; i++) {
            to[start + i] = (byte) (to[start + i] | ((from[at + i] >>> shift) & mask) << left);
        }
    }

    @Override
    public void add(byte[] values, int start, int count, int number) {
        for (int i = start; i < start + count; i++) {
            values[i] = (byte) (values[i] + number);
        }
    }
}
