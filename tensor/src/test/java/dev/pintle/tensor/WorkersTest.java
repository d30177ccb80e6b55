package dev.pintle.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkersTest {
    private static final double MANY = 1e9;

    @Test
    void every_part_is_computed_once_also_when_loops_nest_and_several_threads_share_at_once() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 3; t++) {
                all.add(threads.submit(() -> {
                    for (int round = 0; round < 3000; round++) {
                        AtomicIntegerArray seen = new AtomicIntegerArray(12);
                        Workers.share(
                                4,
                                MANY,
                                outer -> Workers.share(3, MANY, inner -> seen.incrementAndGet(outer * 3 + inner)));
                        for (int i = 0; i < seen.length(); i++) {
                            assertThat(seen.get(i)).isEqualTo(1);
                        }
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void a_failure_in_any_part_reaches_the_caller() {
        for (int failing = 0; failing < 8; failing++) {
            int which = failing;
            assertThatThrownBy(() -> Workers.share(8, MANY, part -> {
                        if (part == which) {
                            throw new IllegalStateException("part " + part);
                        }
                    }))
                    .hasMessage("part " + which);
        }
    }
}
