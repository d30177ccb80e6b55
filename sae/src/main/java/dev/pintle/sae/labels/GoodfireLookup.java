package dev.pintle.sae.labels;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.ForeignJson;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.web.Reply;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;

/**
 * Goodfire's lookup: {@code POST /api/inference/v1/features/lookup {"indices": […], "model": …}}, which returns
 * {@code {"features": [{"uuid", "label", "index_in_sae"}]}}; indices that the service withholds are missing. The
 * service seems to have been shut down in 2025; its address can be configured.
 */
final class GoodfireLookup implements LabelSource.ByLatent {
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(100_000, 100, 1 << 20);
    private static final int AT_ONCE = 40; // the service's own client sent up to 41
    private static final long LARGEST_ANSWER = 1 << 20;

    private final String model;
    private final LabelSettings settings;

    GoodfireLookup(String model, LabelSettings settings) {
        this.model = model;
        this.settings = settings;
    }

    @Override
    public String name() {
        return "goodfire:" + model;
    }

    @Override
    public LabelAnswer ask(SortedSet<Integer> latents) {
        Asking asking = new Asking(settings.goodfire(), settings);
        Map<Integer, String> labels = new LinkedHashMap<>();
        Set<Integer> without = new HashSet<>();
        List<Problem> problems = new ArrayList<>();
        List<Integer> all = new ArrayList<>(latents);
        for (int from = 0; from < all.size(); from += AT_ONCE) {
            List<Integer> some = all.subList(from, Math.min(all.size(), from + AT_ONCE));
            Reply reply = asking.reply(() -> Asking.HTTP.post(
                    URI.create(settings.goodfire() + "/api/inference/v1/features/lookup"),
                    headers(),
                    body(some),
                    asking.limits(LARGEST_ANSWER)));
            Optional<Problem> problem = reply instanceof Reply.Answer answer && answer.status() == 404
                    ? Optional.of(asking.problem("status 404"))
                    : asking.problem(reply)
                            .or(() -> take(((Reply.Answer) reply).body(), some, labels, without)
                                    .map(asking::problem));
            if (problem.isPresent()) {
                problems.add(problem.get());
                break; // after one failure, every further request would likely cost a full timeout
            }
        }
        return new LabelAnswer(labels, without, problems);
    }

    private Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("X-Base-Url", settings.goodfire().toString());
        if (settings.goodfireKey().isSet()) {
            headers.put("Authorization", "Bearer " + settings.goodfireKey().value());
        }
        return headers;
    }

    private String body(List<Integer> indices) {
        ObjectNode body = Json.object();
        indices.forEach(body.putArray("indices")::add);
        return body.put("model", model).toString();
    }

    /** Stores the labels that were asked for; returns what is wrong with the response, if anything. */
    private static Optional<String> take(
            byte[] body, List<Integer> asked, Map<Integer, String> labels, Set<Integer> without) {
        try {
            JsonNode features = ForeignJson.read(body, LIMITS).path("features");
            if (!features.isArray()) {
                return Optional.of("a response without a list of features");
            }
            Set<Integer> absent = new HashSet<>(asked);
            for (JsonNode feature : features) {
                int index = feature.path("index_in_sae").asInt(-1);
                if (!asked.contains(index) || !feature.path("label").isTextual()) {
                    return Optional.of("a response about latents that were not requested");
                }
                LabelText.clean(feature.get("label").textValue()).ifPresent(label -> {
                    labels.put(index, label);
                    absent.remove(index);
                });
            }
            without.addAll(absent);
            return Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.of("a response that is not JSON");
        }
    }
}
