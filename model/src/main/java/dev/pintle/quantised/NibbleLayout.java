package dev.pintle.quantised;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.TensorScope;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * 4 bits of bitsandbytes, NF4 (arXiv:2305.14314) or FP4: w = table[code] · absmax, where absmax is the largest size in a block
 * of elements that follow each other, row by row. With double quantisation, absmax = table'[code'] · absmax' + offset, where
 * absmax' belongs to a block of absmax. Of each byte, the high half is the first element.
 */
record NibbleLayout() implements Layout {
    private static final String WEIGHT = "weight";
    private static final String ABSMAX = "weight.absmax";
    private static final String TABLE = "weight.quant_map";
    private static final String NESTED_ABSMAX = "weight.nested_absmax";
    private static final String NESTED_TABLE = "weight.nested_quant_map";
    private static final String NF4_STATE = "weight.quant_state.bitsandbytes__nf4";
    private static final String FP4_STATE = "weight.quant_state.bitsandbytes__fp4";
    private static final int LONGEST_STATE = 10_000;
    private static final List<String> STATE_KEYS =
            List.of("quant_type", "blocksize", "dtype", "shape", "nested_blocksize", "nested_dtype", "nested_offset");

    @Override
    public String name() {
        return "bitsandbytes 4-bit";
    }

    @Override
    public Set<String> parts() {
        return Set.of(WEIGHT, ABSMAX, TABLE, NESTED_ABSMAX, NESTED_TABLE, NF4_STATE, FP4_STATE);
    }

    @Override
    public Set<String> marks() {
        return Set.of(NF4_STATE, FP4_STATE);
    }

    /**
     * What is stored as JSON in a tensor of bytes.
     *
     * @param block elements of a block
     * @param nestedBlock elements of a block of absmax; 0 without double quantisation
     * @param offset what is added to each absmax
     */
    private record State(int block, int nestedBlock, float offset) {}

    @Override
    public CodedMatrix open(Parts parts, int out, int in) {
        State state = state(parts, out, in);
        long elements = (long) out * in;
        requireBytes(parts, elements);
        parts.require(TABLE, List.of(DType.FP32), new long[] {16});
        int blocks = Math.toIntExact((elements + state.block - 1) / state.block);
        boolean nested = state.nestedBlock > 0;
        parts.require(ABSMAX, nested ? List.of(DType.UINT8) : Parts.NUMBERS, new long[] {blocks});
        if (nested) {
            long pieces = (blocks + (long) state.nestedBlock - 1) / state.nestedBlock;
            parts.require(NESTED_ABSMAX, Parts.NUMBERS, new long[] {pieces});
            parts.require(NESTED_TABLE, Parts.NUMBERS, new long[] {256});
        }
        int run = BigInteger.valueOf(in).gcd(BigInteger.valueOf(state.block)).intValue();
        Codes codes = new Codes.Table(table(parts));
        return new CodedMatrix(parts, nested ? NESTED_ABSMAX : ABSMAX, out, in, run, codes) {
            private float @Nullable [] scales;

            @Override
            Rows rows(int from, int count) {
                float[] absmax = scales == null ? absmax(parts, state) : scales;
                scales = absmax;
                long start = (long) from * in;
                long firstByte = start / 2;
                long endByte = (start + (long) count * in + 1) / 2;
                byte[] bytes = parts.tensor(WEIGHT)
                        .viewAs(DType.UINT8)
                        .reshape(-1)
                        .narrow(0, firstByte, endByte - firstByte)
                        .toBytes();
                return (row, to) -> {
                    long first = (long) row * in;
                    int at = (int) (first - 2 * firstByte); // in halves of bytes
                    for (int i = 0; i < in; i++) {
                        int shift = (at + i & 1) == 0 ? 4 : 0;
                        to.codes()[i] = (byte) (bytes[at + i >> 1] >> shift & 15);
                    }
                    for (int r = 0; r < to.scales().length; r++) {
                        to.scales()[r] = absmax[(int) ((first + (long) r * run) / state.block)];
                    }
                };
            }
        };
    }

    /** The weight's bytes may be stored as numbers of another dtype. */
    private static void requireBytes(Parts parts, long elements) {
        long bytes = parts.required(WEIGHT).shape().elements()
                * parts.required(WEIGHT).dtype().bytes();
        int rank = parts.required(WEIGHT).shape().rank();
        if (elements % 2 != 0 || bytes != elements / 2 || rank < 1 || rank > 2) {
            throw parts.unexpected(WEIGHT, elements / 2 + " bytes for " + elements + " elements");
        }
    }

    private static float[] table(Parts parts) {
        float[] table = parts.floats(TABLE);
        boolean usable = true;
        for (float value : table) {
            usable &= Math.abs(value) <= 1; // the largest is that of the block
        }
        if (!usable) {
            throw parts.problem("The numbers that codes stand for are not usable.", TABLE)
                    .fact("expected", "16 numbers of at most 1")
                    .fact("but was", Excerpt.of(Arrays.toString(table)))
                    .fact("try", "another copy of the model")
                    .toException();
        }
        return table;
    }

    private static float[] absmax(Parts parts, State state) {
        if (state.nestedBlock == 0) {
            return parts.floats(ABSMAX);
        }
        float[] table = parts.floats(NESTED_TABLE);
        float[] largest = parts.floats(NESTED_ABSMAX);
        byte[] codes;
        try (TensorScope scope = TensorScope.open("read absmax")) {
            codes = parts.tensor(ABSMAX).toBytes();
        }
        float[] absmax = new float[codes.length];
        for (int b = 0; b < absmax.length; b++) {
            float product = table[codes[b] & 0xFF] * largest[b / state.nestedBlock];
            absmax[b] = product + state.offset;
        }
        return absmax;
    }

    private static State state(Parts parts, int out, int in) {
        boolean nf4 = parts.has(NF4_STATE);
        String part = nf4 ? NF4_STATE : FP4_STATE;
        if (nf4 && parts.has(FP4_STATE)) {
            throw parts.problem("A weight is stored in two ways.", FP4_STATE)
                    .fact("and", parts.name(NF4_STATE))
                    .toException();
        }
        long length = parts.required(part).shape().elements();
        if (parts.required(part).dtype() != DType.UINT8 || length > LONGEST_STATE) {
            throw parts.unexpected(part, "at most " + LONGEST_STATE + " bytes of JSON, uint8");
        }
        JsonNode json;
        try (TensorScope scope = TensorScope.open("read a quantisation state")) {
            json = Json.parse(new String(parts.tensor(part).toBytes(), StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw parts.problem("What a quantised weight says of itself is not valid JSON.", part)
                    .fact("cause", ForeignJson.why(e))
                    .fact("try", "a complete copy of the model")
                    .toException(e);
        }
        json.fieldNames().forEachRemaining(key -> {
            if (!STATE_KEYS.contains(key)) {
                throw unusable(parts, part, key, json, "only the keys " + String.join(", ", STATE_KEYS));
            }
        });
        if (!json.path("quant_type").asText(nf4 ? "nf4" : "fp4").equals(nf4 ? "nf4" : "fp4")) {
            throw unusable(parts, part, "quant_type", json, nf4 ? "nf4" : "fp4");
        }
        JsonNode shape = json.path("shape");
        if (shape.size() != 2 || shape.path(0).asLong() != out || shape.path(1).asLong() != in) {
            throw unusable(parts, part, "shape", json, "[" + out + ", " + in + "]");
        }
        boolean nested = json.has("nested_blocksize") || json.has("nested_offset") || parts.has(NESTED_ABSMAX);
        JsonNode offset = json.path("nested_offset");
        if (nested && !(offset.isNumber() && Float.isFinite((float) offset.doubleValue()))) {
            throw unusable(parts, part, "nested_offset", json, "a finite number");
        }
        return new State(
                positive(parts, part, "blocksize", json),
                nested ? positive(parts, part, "nested_blocksize", json) : 0,
                nested ? (float) offset.doubleValue() : 0);
    }

    private static int positive(Parts parts, String part, String key, JsonNode json) {
        JsonNode value = json.path(key);
        if (!value.isInt() || value.intValue() < 1) {
            throw unusable(parts, part, key, json, "a positive integer");
        }
        return value.intValue();
    }

    private static RuntimeException unusable(Parts parts, String part, String key, JsonNode json, String expected) {
        return parts.problem("What a quantised weight says of itself cannot be used.", part)
                .fact("key", Excerpt.of(key))
                .fact("expected", expected)
                .fact("but was", json.has(key) ? Excerpt.of(json.get(key).toString()) : "absent")
                .toException();
    }
}
