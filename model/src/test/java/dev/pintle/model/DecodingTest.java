package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.tensor.DType;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.TestDevice;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokens that are decoded one by one, several rows together, beside a run over the whole text. */
class DecodingTest {
    private static final double ROUNDING = 1e-4; // of log-probabilities in FP32

    @ParameterizedTest
    @MethodSource("dev.pintle.testkit.Golden#models")
    void a_generated_token_is_as_probable_as_in_a_run_over_the_whole_text(String family) {
        try (LanguageModel model =
                LanguageModel.load(Golden.folder().resolve(family).toString(), TestDevice.current(), DType.FP32)) {
            Random random = new Random(family.hashCode());
            List<GenerationRequest> requests = IntStream.of(20, 7, 13)
                    .mapToObj(length ->
                            GenerationRequest.of(random.ints(length, 6, 250).toArray(), Decoding.sample(12, 1, length)))
                    .toList();
            List<Generated> together = model.generate(requests, GenerationListener.SILENT);
            for (Generated one : together) {
                int[] prompt = one.promptIds();
                int[] whole = Arrays.copyOf(prompt, prompt.length + one.ids().length);
                System.arraycopy(one.ids(), 0, whole, prompt.length, one.ids().length);
                List<GeneratedToken> read = model.score(whole, prompt.length, List.of(), Reporting.none());
                for (int t = 0; t < one.ids().length; t++) {
                    assertThat(one.logProbabilities()[t])
                            .as("token " + t)
                            .isCloseTo(read.get(prompt.length - 1 + t).logProbability(), within(ROUNDING));
                }
            }
        }
    }
}
