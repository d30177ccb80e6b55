package dev.pintle.model;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Where rows come from that join a batch, and who is told of those that can't go on. */
interface Arrivals extends Lane.Failures {
    /**
     * Adds rows that have arrived.
     *
     * @param free number of rows that can still join
     * @param idle whether there is nothing to do, so that it may wait for a row
     * @return whether more may come
     */
    boolean addTo(Deque<GenerationRow> waiting, int free, boolean idle);

    /** These rows and no others. */
    static Arrivals of(List<GenerationRow> rows, Lane.Failures failures) {
        Deque<GenerationRow> all = new ArrayDeque<>(rows);
        return new Arrivals() {
            @Override
            public boolean addTo(Deque<GenerationRow> waiting, int free, boolean idle) {
                waiting.addAll(all);
                all.clear();
                return false;
            }

            @Override
            public void failed(List<GenerationRow> failed, RuntimeException cause) {
                failures.failed(failed, cause);
            }
        };
    }
}
