package dev.pintle.tensor.io;

import dev.pintle.base.Problem;
import java.util.List;

/** A value in a GGUF file's metadata, with its storage type. */
public sealed interface GgufValue {
    /** The storage type of a value. */
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

        /** The format's numeric id of the type. */
        int id() {
            return id;
        }

        /** Whether an integer type can represent a number; UINT64 accepts any 64 bits. */
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

    /** The storage type of the value. */
    Kind kind();

    /**
     * An integer.
     *
     * @param value for UINT64 the raw 64 bits, so numbers from 2^63 on are negative here
     */
    record Int(Kind kind, long value) implements GgufValue {
        /**
         * @throws IllegalArgumentException if the type is not an integer type or is too narrow
         */
        public Int {
            if (!kind.holds(value)) {
                throw Problem.of("The number does not fit its type.")
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

    /** A 32-bit float. */
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

    /** A 64-bit float. */
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

    /** A boolean. */
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
     * Values of one type.
     *
     * @param elements their type, which is also given for an empty array
     */
    record Array(Kind elements, List<GgufValue> values) implements GgufValue {
        /**
         * @throws IllegalArgumentException if a value has another type
         */
        public Array {
            values = List.copyOf(values);
            for (GgufValue value : values) {
                if (value.kind() != elements) {
                    throw Problem.of("The values of an array must have the same type.")
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

    /** An unsigned 32-bit integer, the usual type of a count. */
    static GgufValue uint32(long value) {
        return new Int(Kind.UINT32, value);
    }

    /** A string. */
    static GgufValue of(String value) {
        return new Text(value);
    }

    /** A 32-bit float. */
    static GgufValue of(float value) {
        return new Float32(value);
    }

    /** A boolean. */
    static GgufValue of(boolean value) {
        return new Bool(value);
    }
}
