package dev.pintle.sae.labels;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pintle.base.ForeignJson;
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
 * Goodfire's lookup: {@code POST /api/inference/v1/features/lookup {"indices": […], "model": …}}, answered by {@code
 * {"features": [{"uuid", "label", "index_in_sae"}]}}; an index that the service keeps back is absent. The service seems to
 * have ended in 2025; the address is a setting.
 */
final class GoodfireLookup implements LabelSource.ByLatent {
    private static final ObjectMapper JSON = new ObjectMapper();
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
                break; // a service that fails once would cost its whole patience each time
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
        ObjectNode body = JSON.createObjectNode();
        indices.forEach(body.putArray("indices")::add);
        return body.put("model", model).toString();
    }

    /** Takes what fits the question; what is wrong with the answer, if something is. */
    private static Optional<String> take(
            byte[] body, List<Integer> asked, Map<Integer, String> labels, Set<Integer> without) {
        try {
            JsonNode features = ForeignJson.read(body, LIMITS).path("features");
            if (!features.isArray()) {
                return Optional.of("an answer without a list of features");
            }
            Set<Integer> absent = new HashSet<>(asked);
            for (JsonNode feature : features) {
                int index = feature.path("index_in_sae").asInt(-1);
                if (!asked.contains(index) || !feature.path("label").isTextual()) {
                    return Optional.of("an answer about latents that were not asked for");
                }
                LabelText.clean(feature.get("label").textValue()).ifPresent(label -> {
                    labels.put(index, label);
                    absent.remove(index);
                });
            }
            without.addAll(absent);
            return Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.of("an answer that is not JSON");
        }
    }
}
