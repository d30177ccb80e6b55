package dev.pintle.model;

import static dev.pintle.testkit.TensorAssert.assertThatTensor;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import dev.pintle.testkit.Tolerance;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rotary positions that are chosen by the length of what a sequence begins with, here 32 tokens. */
class LongRopeTest {
    private static final int[] LONG = new Random(1).ints(48, 0, 256).toArray();
    private static final int[] SHORT = Arrays.copyOf(LONG, 20);

    @TempDir
    Path folder;

    private TensorScope scope;
    private LoadedTransformer model;

    @BeforeEach
    void open() {
        scope = TensorScope.open("test");
        model = open(Golden.folder().resolve("families/phi3_longrope"));
    }

    @AfterEach
    void close() {
        model.close();
        scope.close();
    }

    private static LoadedTransformer open(Path from) {
        return LoadedTransformer.open(from, TestDevice.current(), DType.FP64);
    }

    /** Logits of the last tokens, `[rows, dVocab]`. */
    private static Tensor logits(LoadedTransformer model, RunOptions options, int[]... rows) {
        int[] lengths = Arrays.stream(rows).mapToInt(row -> row.length).toArray();
        return model.forward()
                .run(TokenBatch.of(rows), options, List.of(), lengths)
                .logits();
    }

    private Tensor logits(int[]... rows) {
        return logits(model, RunOptions.lastLogits(), rows);
    }

    @Test
    void rows_of_a_batch_are_long_or_short_each_by_itself() {
        Tensor both = logits(LONG, SHORT);
        assertThatTensor(both.select(0, 0)).isCloseTo(logits(LONG).select(0, 0), Tolerance.FP64);
        assertThatTensor(both.select(0, 1)).isCloseTo(logits(SHORT).select(0, 0), Tolerance.FP64);
    }

    @Test
    void chunks_of_a_long_prompt_are_long_from_the_first_on() {
        Tensor chunked = logits(model, RunOptions.lastLogits().inChunksOf(7), LONG, SHORT);
        assertThatTensor(chunked).isCloseTo(logits(LONG, SHORT), Tolerance.FP64);
    }

    @Test
    void a_short_sequence_has_the_short_factors_and_a_long_one_does_not() throws IOException {
        Path from = Golden.folder().resolve("families/phi3_longrope");
        Files.copy(from.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        String config = Files.readString(from.resolve("config.json"));
        String factors = config.replaceAll("(?s).*\"short_factor\": (\\[[^]]*\\]).*", "$1");
        Files.writeString(
                folder.resolve("config.json"),
                config.replaceAll("\"long_factor\": \\[[^]]*\\]", "\"long_factor\": " + factors));
        try (LoadedTransformer onlyShort = open(folder)) {
            assertThatTensor(logits(onlyShort, RunOptions.lastLogits(), SHORT)).isIdenticalTo(logits(SHORT));
            assertThat(logits(onlyShort, RunOptions.lastLogits(), LONG).toDoubles())
                    .isNotEqualTo(logits(LONG).toDoubles());
            try (KvCache cache = model.forward().newCache();
                    KvCache other = onlyShort.forward().newCache()) {
                logits(model, RunOptions.lastLogits().continuing(cache), SHORT);
                logits(onlyShort, RunOptions.lastLogits().continuing(other), SHORT);
                int[] rest = Arrays.copyOfRange(LONG, 20, 48);
                assertThatTensor(logits(model, RunOptions.lastLogits().continuing(cache), rest))
                        .as("it keeps what it began with")
                        .isIdenticalTo(logits(onlyShort, RunOptions.lastLogits().continuing(other), rest));
            }
        }
    }

    @Test
    void a_cache_goes_on_as_the_sequence_began() {
        int[] most = Arrays.copyOf(LONG, 40);
        try (KvCache cache = model.forward().newCache()) {
            logits(model, RunOptions.lastLogits().continuing(cache), most);
            try (KvCache branch = cache.branch(2)) {
                Tensor last = logits(
                        model,
                        RunOptions.lastLogits().continuing(branch),
                        Arrays.copyOfRange(LONG, 40, 48),
                        Arrays.copyOfRange(LONG, 40, 44));
                assertThatTensor(last.select(0, 0)).isCloseTo(logits(LONG).select(0, 0), Tolerance.FP64);
                assertThatTensor(last.select(0, 1))
                        .isCloseTo(logits(Arrays.copyOf(LONG, 44)).select(0, 0), Tolerance.FP64);
            }
        }
    }
}
