package dev.pintle.steering;

import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Vec;
import dev.pintle.transformer.HookPoint;
import java.util.List;

/**
 * The state of reading during a fit, and its result afterwards.
 *
 * @param streams one per hook point
 * @param norms one per hook point: summed norms of the negative prompts' activations
 */
record FitRead(
        LanguageModel model, List<HookPoint> points, List<DirectionStream> streams, double[] norms, Totals totals)
        implements AutoCloseable {
    /**
     * What is known once everything has been read.
     *
     * @param pairs number of pairs, or of texts in both classes
     * @param hash over their token ids
     * @param normed number of norms in the sums
     */
    record Totals(int pairs, String hash, long normed, ExtractionReport report) {}

    /** @param rows total number of directions per hook point */
    static FitRead begin(LanguageModel model, List<HookPoint> points, long rows, Aggregation aggregation, long seed) {
        List<DirectionStream> streams = points.stream()
                .map(p -> new DirectionStream(model.config().dModel(), rows, aggregation, seed))
                .toList();
        return new FitRead(
                model,
                points,
                streams,
                new double[points.size()],
                new Totals(0, "", 0, new ExtractionReport(0, 0, 0, 0, 0)));
    }

    FitRead done(int pairs, String hash, long normed, ExtractionReport report) {
        return new FitRead(model, points, streams, norms, new Totals(pairs, hash, normed, report));
    }

    /** The origin of a vector fitted at a hook point, as far as it does not depend on the aggregation. */
    Origin origin(int point, SteeringMethod method, ModelHashes hashes, long seed) {
        DirectionStream here = streams.get(point);
        return new Origin(
                model.id(),
                new Origin.Method(method.name(), method.positionsName(), "", method.settings()),
                new Origin.Data(totals.pairs, totals.hash, here.count()),
                new Origin.Capture(
                        hashes.tokenizer(),
                        hashes.template(),
                        model.dtype().toString(),
                        model.device().toString()),
                new Origin.Measures(
                        Vec.of(here.mean()).norm(),
                        totals.normed == 0 ? 0 : norms[point] / totals.normed,
                        Double.NaN,
                        Stability.UNKNOWN,
                        seed),
                "");
    }

    @Override
    public void close() {
        streams.forEach(DirectionStream::close);
    }
}
