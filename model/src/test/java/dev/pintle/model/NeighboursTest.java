package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** On the CPU, a row's numbers have the same bits whatever runs beside it. */
class NeighboursTest {
    private static final int REQUESTS = 24;

    static Stream<Arguments> models() {
        List<Arguments> all = new ArrayList<>();
        for (DType dtype : List.of(DType.FP32, DType.BF16)) {
            all.add(Arguments.of("parley", dtype));
            Golden.models().forEach(name -> all.add(Arguments.of(name, dtype)));
        }
        return all.stream();
    }

    private static LanguageModel load(String name, DType dtype) {
        String folder =
                (name.equals("parley") ? Golden.parley() : Golden.folder().resolve(name)).toString();
        return LanguageModel.load(folder, Device.CPU, dtype);
    }

    private static List<GenerationRequest> requests(LanguageModel model, Random random) {
        List<GenerationRequest> requests = new ArrayList<>();
        int dModel = model.config().dModel();
        for (int i = 0; i < REQUESTS; i++) {
            int[] prompt = random.ints(1 + random.nextInt(20), 6, model.config().dVocab())
                    .toArray();
            int length = 1 + random.nextInt(12);
            Decoding decoding = random.nextBoolean()
                    ? Decoding.greedy(length)
                    : Decoding.sample(length, 0.5 + random.nextDouble(), i);
            GenerationRequest request = GenerationRequest.of(prompt, decoding);
            if (i % 3 == 0) {
                float[] vector = new float[dModel];
                for (int d = 0; d < dModel; d++) {
                    vector[d] = (float) random.nextGaussian();
                }
                HookPoint at = HookPoint.residPost(random.nextInt(model.config().nLayers()));
                request = request.with(new Push(Vec.of(vector), at, random.nextBoolean()));
            }
            requests.add(request);
        }
        return requests;
    }

    @ParameterizedTest
    @MethodSource("models")
    void a_generation_has_the_bits_of_the_same_alone(String name, DType dtype) {
        try (LanguageModel model = load(name, dtype)) {
            Random random = new Random(name.hashCode());
            List<GenerationRequest> requests = requests(model, random);
            List<Generated> alone = requests.stream()
                    .map(request -> model.generate(List.of(request), GenerationListener.SILENT)
                            .get(0))
                    .toList();
            for (int round = 0; round < 3; round++) {
                List<Integer> order = new ArrayList<>(
                        IntStream.range(0, requests.size()).boxed().toList());
                Collections.shuffle(order, random);
                List<Integer> some = order.subList(0, 1 + random.nextInt(order.size()));
                List<Generated> together =
                        model.generate(some.stream().map(requests::get).toList(), (row, piece) -> true);
                for (int i = 0; i < some.size(); i++) {
                    Generated expected = alone.get(some.get(i));
                    assertThat(together.get(i).ids()).isEqualTo(expected.ids());
                    assertThat(together.get(i).logProbabilities()).isEqualTo(expected.logProbabilities());
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void on_the_heap_hooks_that_change_nothing_change_no_bit(String name, DType dtype) {
        try (LanguageModel model = load(name, dtype)) {
            if (model.route().kind() != Route.Kind.HEAP) {
                return;
            }
            List<GenerationRequest> requests = requests(model, new Random(5)).subList(0, 4);
            Set<HookPoint> inside = Set.copyOf(model.hookPoints().stream()
                    .filter(point -> point.site() != HookPoint.Site.ATTN_PATTERN)
                    .toList());
            List<Generated> plain = model.generate(requests, GenerationListener.SILENT);
            List<Generated> looked = model.with(new Look(inside)).generate(requests, GenerationListener.SILENT);
            for (int i = 0; i < requests.size(); i++) {
                assertThat(looked.get(i).logProbabilities())
                        .isEqualTo(plain.get(i).logProbabilities());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void on_the_heap_padding_chunks_and_caches_change_no_bit(String name, DType dtype) {
        try (LanguageModel model = load(name, dtype)) {
            if (model.route().kind() != Route.Kind.HEAP) {
                return;
            }
            Random random = new Random(7);
            int[][] rows = new int[5][];
            Arrays.setAll(
                    rows,
                    i -> random.ints(3 + 8 * i, 0, model.config().dVocab()).toArray());
            try (TensorScope scope = TensorScope.open("test");
                    KvCache cache = model.newCache()) {
                Tensor padded =
                        model.run(TokenBatch.of(rows), RunOptions.lastLogits()).logits();
                Tensor chunked = model.run(
                                TokenBatch.of(rows), RunOptions.lastLogits().inChunksOf(4))
                        .logits();
                assertThat(chunked.toFloats()).isEqualTo(padded.toFloats());
                for (int row = 0; row < rows.length; row++) {
                    Tensor alone = model.run(TokenBatch.of(rows[row]), RunOptions.lastLogits())
                            .logits();
                    assertThat(padded.select(0, row).toFloats()).isEqualTo(alone.toFloats());
                }
                int[] last = rows[rows.length - 1];
                for (int token : last) {
                    Tensor step = model.run(
                                    TokenBatch.of(new int[] {token}),
                                    RunOptions.lastLogits().continuing(cache))
                            .logits();
                    if (cache.slots() == last.length) {
                        assertThat(step.toFloats())
                                .isEqualTo(padded.select(0, rows.length - 1).toFloats());
                    }
                }
            }
        }
    }
}
