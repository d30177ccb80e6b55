package dev.pintle.tensor;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/*
 * Vectors are loaded from byte buffers up to JDK 18 and from memory segments since: neither method exists in the other. As
 * constants, method handles are compiled like calls.
 */
/** Loads vectors from memory outside the heap, at any address. */
final class NativeVectors {
    private static final MethodHandle LOAD_EIGHT = loads(IntVector.SPECIES_256);
    private static final MethodHandle LOAD_WIDEST = loads(IntVector.SPECIES_PREFERRED);

    private NativeVectors() {}

    private static MethodHandle loads(VectorSpecies<Integer> species) {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MethodHandle load;
            try {
                load = lookup.findStatic(
                        IntVector.class,
                        "fromByteBuffer",
                        MethodType.methodType(
                                IntVector.class, VectorSpecies.class, ByteBuffer.class, int.class, ByteOrder.class));
            } catch (NoSuchMethodException e) {
                load = lookup.findStatic(
                        IntVector.class,
                        "fromMemorySegment",
                        MethodType.methodType(
                                IntVector.class, VectorSpecies.class, segment(), long.class, ByteOrder.class));
            }
            load = MethodHandles.insertArguments(load, 3, ByteOrder.LITTLE_ENDIAN);
            load = MethodHandles.insertArguments(load, 0, species);
            return MethodHandles.explicitCastArguments(
                    load, MethodType.methodType(IntVector.class, Object.class, int.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static Class<?> segment() throws ClassNotFoundException {
        return Class.forName("java.lang.foreign.MemorySegment");
    }

    /** What this JDK loads from. */
    static Object of(ByteBuffer memory) {
        try {
            IntVector.class.getMethod(
                    "fromByteBuffer", VectorSpecies.class, ByteBuffer.class, int.class, ByteOrder.class);
            return memory;
        } catch (NoSuchMethodException e) {
            try {
                return segment().getMethod("ofBuffer", Buffer.class).invoke(null, memory);
            } catch (ReflectiveOperationException other) {
                throw new IllegalStateException(other);
            }
        }
    }

    /** Eight words of 32 bits from 32 bytes, little-endian. */
    static IntVector eight(Object memory, int at) {
        try {
            return (IntVector) LOAD_EIGHT.invokeExact(memory, at);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** As many words as the CPU's vectors hold. */
    static IntVector widest(Object memory, int at) {
        try {
            return (IntVector) LOAD_WIDEST.invokeExact(memory, at);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
