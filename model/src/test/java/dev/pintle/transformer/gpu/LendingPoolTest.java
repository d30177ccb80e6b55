package dev.pintle.transformer.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** To whom a recorded step belongs, without a GPU. */
class LendingPoolTest {
    private final List<Step> made = new ArrayList<>();
    private boolean full;
    private final LendingPool<String, Step> pool = new LendingPool<>(2, () -> 10, String::length, this::record);

    private static final class Step implements AutoCloseable {
        private final AtomicBoolean busy = new AtomicBoolean();
        private volatile boolean closed;

        @Override
        public void close() {
            closed = true;
        }
    }

    private Step record(String key) {
        if (full) {
            throw Problem.of("No memory for " + key + ".").toException();
        }
        Step step = new Step();
        made.add(step);
        return step;
    }

    private Step taken(String key) {
        return pool.take(key).orElseThrow();
    }

    @Test
    void a_step_that_was_given_back_serves_again() {
        Step first = taken("a");
        pool.giveBack(first);
        assertThat(taken("a")).isSameAs(first);
        assertThat(made).hasSize(1);
    }

    @Test
    void who_generates_while_a_step_is_taken_gets_another_or_none() {
        Step first = taken("a");
        Step second = taken("a");
        assertThat(second).isNotSameAs(first);
        assertThat(pool.take("a")).as("two are the most").isEmpty();
        pool.giveBack(second);
        assertThat(pool.take("a")).containsSame(second);
    }

    @Test
    void a_step_that_is_taken_is_never_dropped_for_another() {
        Step first = taken("aaaaaa");
        assertThat(pool.take("bbbbbb")).as("too large together").isEmpty();
        assertThat(first.closed).isFalse();
        pool.giveBack(first);
        assertThat(pool.take("bbbbbb")).isPresent();
        assertThat(first.closed).as("dropped once nobody had it").isTrue();
    }

    @Test
    void those_not_used_for_longest_are_dropped_first() {
        Step a = taken("a");
        Step b = taken("b");
        pool.giveBack(a);
        pool.giveBack(b);
        pool.giveBack(taken("a"));
        taken("c");
        assertThat(b.closed).isTrue();
        assertThat(a.closed).isFalse();
    }

    @Test
    void one_that_is_too_large_by_itself_is_made_when_nobody_has_any() {
        assertThat(pool.take("0123456789abcdef")).isPresent();
    }

    @Test
    void no_memory_is_an_error_for_the_first_and_the_plain_way_for_the_second() {
        full = true;
        assertThatThrownBy(() -> pool.take("a")).isInstanceOf(PintleException.class);
        full = false;
        taken("a");
        full = true;
        assertThat(pool.take("b")).isEmpty();
    }

    @Test
    void a_step_is_given_back_once() {
        Step step = taken("a");
        pool.giveBack(step);
        assertThatThrownBy(() -> pool.giveBack(step)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void what_is_taken_outlives_the_pool_until_it_is_given_back() {
        Step step = taken("a");
        Step idle = taken("b");
        pool.giveBack(idle);
        pool.close();
        assertThat(idle.closed).isTrue();
        assertThat(step.closed).isFalse();
        pool.giveBack(step);
        assertThat(step.closed).isTrue();
    }

    /** A listener may wait for another thread that generates: with a lock held meanwhile neither would go on. */
    @Test
    @Timeout(120)
    void nobody_waits_for_who_has_a_step() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            CountDownLatch taken = new CountDownLatch(1);
            CountDownLatch other = new CountDownLatch(1);
            Future<?> first = threads.submit(() -> {
                Step step = taken("a");
                taken.countDown();
                assertThat(other.await(100, TimeUnit.SECONDS)).isTrue();
                pool.giveBack(step);
                return step;
            });
            Future<?> second = threads.submit(() -> {
                assertThat(taken.await(100, TimeUnit.SECONDS)).isTrue();
                pool.take("a").ifPresent(pool::giveBack);
                other.countDown();
                return other;
            });
            second.get();
            first.get();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    @Timeout(120)
    void no_step_ever_has_two_owners() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        AtomicInteger served = new AtomicInteger();
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                String key = "k" + t % 2;
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 2000; i++) {
                        Optional<Step> step = pool.take(key);
                        if (step.isPresent()) {
                            assertThat(step.get().busy.compareAndSet(false, true))
                                    .isTrue();
                            assertThat(step.get().closed).isFalse();
                            served.incrementAndGet();
                            step.get().busy.set(false);
                            pool.giveBack(step.get());
                        }
                    }
                }));
            }
            for (Future<?> future : all) {
                future.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(served.get()).isPositive();
    }
}
