package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.KvPart;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PrefixCacheTest {
    private static ModelConfig config() {
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32)) {
            return model.config();
        }
    }

    private static KvRows row(ModelConfig config, int tokens) {
        KvRows rows = new KvRows(config);
        rows.add(List.of(), 0, tokens);
        float[] zeros = new float[tokens * config.nKvHeads() * config.dHead()];
        IntStream.range(0, config.nLayers()).forEach(layer -> rows.put(layer, tokens, zeros, zeros));
        rows.advance(tokens);
        return rows;
    }

    private static PrefixCache.Sequence sequence(int[] tokens) {
        return new PrefixCache.Sequence(tokens, List.of(), tokens.length);
    }

    private static void keep(PrefixCache<KvPart> cache, int[] tokens) {
        KvRows rows = row(config(), tokens.length);
        cache.keep(sequence(tokens), tokens.length, (from, to) -> rows.part(0, from, to));
    }

    @Test
    void where_only_whole_chunks_can_be_used_none_is_used_in_part() {
        PrefixCache<String> cache = new PrefixCache<>(new PrefixCache.Grain(32, true), 40, part -> {});
        int[] tokens = IntStream.range(0, 100).toArray();
        cache.keep(sequence(tokens), 99, (from, to) -> from + "-" + to);
        assertThat(cache.size()).isEqualTo(3);
        assertThat(cache.find(sequence(tokens)).parts()).containsExactly("0-32", "32-64", "64-96");
        assertThat(cache.find(sequence(Arrays.copyOf(tokens, 96))).tokens()).isEqualTo(64); // the last token is run
        assertThat(cache.find(sequence(Arrays.copyOf(tokens, 31))).parts()).isEmpty();
    }

    @Test
    void the_least_recently_used_go_first_and_never_more_than_fits_is_kept() {
        List<KvPart> dropped = new ArrayList<>();
        PrefixCache<KvPart> cache = new PrefixCache<>(new PrefixCache.Grain(16, false), 40, dropped::add);
        int[] favourite = IntStream.range(0, 64).toArray();
        keep(cache, favourite);
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            int[] tokens = random.ints(random.nextInt(120), 0, 4).toArray();
            keep(cache, tokens);
            assertThat(cache.size()).isLessThanOrEqualTo(40);
            assertThat(cache.find(sequence(favourite)).tokens()).isEqualTo(63);
        }
        assertThat(cache.size()).isGreaterThan(20);
        assertThat(dropped).doesNotHaveDuplicates().isNotEmpty();
        int[] longest = random.ints(1000, 0, 4).toArray();
        keep(cache, longest);
        assertThat(cache.size()).isLessThanOrEqualTo(40);
        assertThat(cache.find(sequence(longest)).tokens()).isEqualTo(640);
    }
}
