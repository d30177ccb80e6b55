package dev.pintle.server.serving;

import dev.pintle.model.Generated;
import dev.pintle.model.GenerationEngine;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What the server has done and is doing, in Prometheus's text format. */
public final class Metrics {
    private static final double[] SECONDS = {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter ended;
    private final Counter refused;
    private final Counter promptTokens;
    private final Counter generatedTokens;
    private final Histogram firstToken;
    private final Histogram betweenTokens;
    private final Histogram request;

    /** @param models what is served at the time of reading */
    public Metrics(Supplier<List<ServedModel>> models) {
        this.ended = counter("pintle_answers_total", "Answers by how they ended", "end");
        this.refused = counter("pintle_refused_total", "Requests refused, by error code", "code");
        this.promptTokens =
                counter("pintle_prompt_tokens_total", "Tokens of prompts, computed or from the cache", "source");
        this.generatedTokens = counter("pintle_generated_tokens_total", "Tokens generated");
        this.firstToken = histogram("pintle_time_to_first_token_seconds", "From a streamed request to its first token");
        this.betweenTokens = histogram("pintle_inter_token_seconds", "Between tokens of a streamed answer");
        this.request = histogram("pintle_request_seconds", "From a request to the end of its reply");
        gauge("pintle_requests_running", "Requests whose rows run", models, load -> load.unfinished() - load.waiting());
        gauge("pintle_requests_waiting", "Requests in the queue", models, GenerationEngine.Load::waiting);
        gauge("pintle_rows", "Rows that run; a request with a twin has two", models, GenerationEngine.Load::rows);
        gauge("pintle_kv_usage_ratio", "Keys and values reserved, of the room for them", models, Metrics::usage);
    }

    private static double usage(GenerationEngine.Load load) {
        return load.roomBytes() == 0 ? 0 : (double) load.reservedBytes() / load.roomBytes();
    }

    private Counter counter(String name, String help, String... labels) {
        return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
    }

    private Histogram histogram(String name, String help) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
    }

    private void gauge(
            String name,
            String help,
            Supplier<List<ServedModel>> models,
            ToDoubleFunction<GenerationEngine.Load> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("model")
                .callback(gauge -> models.get()
                        .forEach(served ->
                                gauge.call(value.applyAsDouble(served.engine().load()), served.name())))
                .register(registry);
    }

    /** An answer that has ended. */
    public void ended(Generated answer) {
        ended.labelValues(answer.reason().name().toLowerCase(Locale.ROOT)).inc();
        generatedTokens.inc(answer.tokens().size());
        promptTokens.labelValues("cached").inc(answer.cachedTokens());
        promptTokens.labelValues("computed").inc(answer.promptIds().length - answer.cachedTokens());
    }

    /** An answer that ended otherwise: its client has gone, or it failed. */
    public void lost() {
        ended.labelValues("lost").inc();
    }

    /** A request that was refused. */
    public void refused(String code) {
        refused.labelValues(code).inc();
    }

    /** Time from a request to its first token, in nanoseconds. */
    public void firstToken(long nanoseconds) {
        firstToken.observe(nanoseconds / 1e9);
    }

    /** Time between two tokens, in nanoseconds. */
    public void betweenTokens(long nanoseconds) {
        betweenTokens.observe(nanoseconds / 1e9);
    }

    /** Time from a request to the end of its reply, in nanoseconds. */
    public void request(long nanoseconds) {
        request.observe(nanoseconds / 1e9);
    }

    /** All of it, as Prometheus reads it. */
    public byte[] text() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(out, registry.scrape());
        return out.toByteArray();
    }

    /** All of it as fields for JSON: by name, each with its labels and numbers. */
    public Map<String, Object> fields() {
        Map<String, Object> all = new TreeMap<>();
        for (MetricSnapshot snapshot : registry.scrape()) {
            List<Map<String, Object>> points = new ArrayList<>();
            for (DataPointSnapshot point : snapshot.getDataPoints()) {
                Map<String, Object> fields = new LinkedHashMap<>();
                point.getLabels().forEach(label -> fields.put(label.getName(), label.getValue()));
                if (point instanceof CounterSnapshot.CounterDataPointSnapshot counter) {
                    fields.put("value", counter.getValue());
                } else if (point instanceof GaugeSnapshot.GaugeDataPointSnapshot gauge) {
                    fields.put("value", gauge.getValue());
                } else if (point instanceof HistogramSnapshot.HistogramDataPointSnapshot histogram) {
                    fields.put("count", histogram.getCount());
                    fields.put("sum", histogram.getSum());
                    List<List<Number>> buckets = new ArrayList<>();
                    histogram.getClassicBuckets().forEach(bucket -> {
                        if (Double.isFinite(bucket.getUpperBound())) {
                            buckets.add(List.of(bucket.getUpperBound(), bucket.getCount()));
                        }
                    });
                    fields.put("buckets", buckets);
                }
                points.add(fields);
            }
            all.put(snapshot.getMetadata().getName(), points);
        }
        return all;
    }
}
