package dev.pintle.tensor.io;

import dev.pintle.base.Problem;
import java.util.List;

/** A value of a GGUF file's metadata, with the type it is stored as. */
public sealed interface GgufValue {
    /** How a value is stored. */
    enum Kind {
        UINT8(0),
        INT8(1),
        UINT16(2),
        INT16(3),
        UINT32(4),
        INT32(5),
        FLOAT32(6),
        BOOL(7),
        STRING(8),
        ARRAY(9),
        UINT64(10),
        INT64(11),
        FLOAT64(12);

        private final int id;

        Kind(int id) {
            this.id = id;
        }

        /** The format's number of the kind. */
        int id() {
            return id;
        }

        /** Whether an integer kind can store a number; UINT64 takes any 64 bits. */
        private boolean holds(long value) {
            return switch (this) {
                case UINT8 -> value >= 0 && value <= 0xFF;
                case INT8 -> value == (byte) value;
                case UINT16 -> value >= 0 && value <= 0xFFFF;
                case INT16 -> value == (short) value;
                case UINT32 -> value >= 0 && value <= 0xFFFF_FFFFL;
                case INT32 -> value == (int) value;
                case UINT64, INT64 -> true;
                case FLOAT32, BOOL, STRING, ARRAY, FLOAT64 -> false;
            };
        }
    }

    /** How the value is stored. */
    Kind kind();

    /**
     * An integer.
     *
     * @param value of UINT64 the 64 bits, so that numbers from 2^63 on are negative here
     */
    record Int(Kind kind, long value) implements GgufValue {
        /** @throws IllegalArgumentException if the kind is not an integer's or is too narrow */
        public Int {
            if (!kind.holds(value)) {
                throw Problem.of("The number does not fit its kind.")
                        .fact("kind", kind)
                        .fact("but was", value)
                        .toIllegalArgument();
            }
        }

        @Override
        public String toString() {
            return kind == Kind.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
        }
    }

    /** A single. */
    record Float32(float value) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.FLOAT32;
        }

        @Override
        public String toString() {
            return Float.toString(value);
        }
    }

    /** A double. */
    record Float64(double value) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.FLOAT64;
        }

        @Override
        public String toString() {
            return Double.toString(value);
        }
    }

    /** A truth value. */
    record Bool(boolean value) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.BOOL;
        }

        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /** A string. */
    record Text(String value) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.STRING;
        }

        @Override
        public String toString() {
            return value;
        }
    }

    /**
     * Values of one kind.
     *
     * @param elements that kind, which an empty array has too
     */
    record Array(Kind elements, List<GgufValue> values) implements GgufValue {
        /** @throws IllegalArgumentException if a value is of another kind */
        public Array {
            values = List.copyOf(values);
            for (GgufValue value : values) {
                if (value.kind() != elements) {
                    throw Problem.of("The values of an array are of one kind.")
                            .fact("expected", elements)
                            .fact("but was", value.kind())
                            .toIllegalArgument();
                }
            }
        }

        @Override
        public Kind kind() {
            return Kind.ARRAY;
        }
    }

    /** An unsigned 32-bit integer, the usual kind of a count. */
    static GgufValue uint32(long value) {
        return new Int(Kind.UINT32, value);
    }

    /** A string. */
    static GgufValue of(String value) {
        return new Text(value);
    }

    /** A single. */
    static GgufValue of(float value) {
        return new Float32(value);
    }

    /** A truth value. */
    static GgufValue of(boolean value) {
        return new Bool(value);
    }
}
