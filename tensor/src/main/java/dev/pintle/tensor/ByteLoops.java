package dev.pintle.tensor;

/*
 * The JIT compiler does not turn such loops into vector instructions by itself, since both arrays might be the same.
 */
/** Loops over bytes that unpack quantised blocks. Counts are multiples of 32; {@link #take} also allows 16. */
sealed interface ByteLoops permits PlainByteLoops, VectorByteLoops {
    /** The fastest implementation on this CPU. */
    ByteLoops FASTEST = Chains.VECTORS ? new VectorByteLoops() : new PlainByteLoops();

    /** Writes some bits of each byte: {@code (from >>> shift) & mask}. */
    void take(byte[] from, int at, int count, int shift, int mask, byte[] to, int start);

    /** Adds some bits of each byte to what is there: {@code to | ((from >>> shift) & mask) << left}. */
    void put(byte[] from, int at, int count, int shift, int mask, int left, byte[] to, int start);

    /** Adds a number to each byte. */
    void add(byte[] values, int start, int count, int number);
}
