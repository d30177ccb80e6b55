package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.KvPart;
import dev.pintle.transformer.KvRows;
import dev.pintle.transformer.ModelConfig;
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

    @Test
    void the_least_recently_used_go_first_and_never_more_than_fits_is_kept() {
        ModelConfig config = config();
        long room = 40 * KvPart.bytes(config, 16) + 1;
        PrefixCache cache = new PrefixCache(config, room);
        int[] favourite = IntStream.range(0, 64).toArray();
        cache.keep(sequence(favourite), row(config, 64), 0);
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            int[] tokens = random.ints(random.nextInt(120), 0, 4).toArray();
            cache.keep(sequence(tokens), row(config, tokens.length), 0);
            assertThat(cache.bytes()).isLessThanOrEqualTo(room);
            assertThat(cache.find(sequence(favourite)).tokens()).isEqualTo(63);
        }
        assertThat(cache.bytes()).isGreaterThan(room / 2);
        int[] longest = random.ints(1000, 0, 4).toArray();
        cache.keep(sequence(longest), row(config, longest.length), 0);
        assertThat(cache.bytes()).isLessThanOrEqualTo(room);
        assertThat(cache.find(sequence(longest)).tokens()).isEqualTo(640);
    }
}
