package dev.pintle.sae.labels;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
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
 * Neuronpedia's page of one latent: {@code GET /api/feature/{model}/{source}/{index}}, whose {@code explanations} hold
 * {@code description}s; 404 if there are none. The explanation with the best score wins, ties going to the first. For
 * many latents use {@link NeuronpediaExport}.
 */
final class NeuronpediaFeatures implements LabelSource.ByLatent {
    private static final ForeignJson.Limits LIMITS = new ForeignJson.Limits(1_000_000, 100, 4 << 20);
    private static final long LARGEST_ANSWER = 16 << 20; // the response includes activations
    private static final int MOST = 500;

    private final String model;
    private final String source;
    private final LabelSettings settings;

    NeuronpediaFeatures(String model, String source, LabelSettings settings) {
        this.model = model;
        this.source = source;
        this.settings = settings;
    }

    @Override
    public String name() {
        return "neuronpedia:" + model + "/" + source;
    }

    @Override
    public LabelAnswer ask(SortedSet<Integer> latents) {
        Asking asking = new Asking(settings.neuronpedia(), settings);
        Map<Integer, String> labels = new LinkedHashMap<>();
        Set<Integer> without = new HashSet<>();
        List<Problem> problems = new ArrayList<>();
        int count = 0;
        for (int latent : latents) {
            if (++count > MOST) {
                problems.add(asking.problem("only the first " + MOST + " of " + latents.size() + " latents requested")
                        .fact("try", "neuronpedia-export:" + model + "/" + source + ", which has all of them"));
                break;
            }
            URI uri = URI.create(settings.neuronpedia() + "/api/feature/" + model + "/" + source + "/" + latent);
            Map<String, String> headers = settings.neuronpediaKey().isSet()
                    ? Map.of("x-api-key", settings.neuronpediaKey().value())
                    : Map.of();
            Reply reply = asking.reply(() -> Asking.HTTP.get(uri, headers, asking.limits(LARGEST_ANSWER)));
            Optional<Problem> problem = asking.problem(reply);
            if (problem.isPresent()) {
                problems.add(problem.get());
                break; // after one failure, every further request would likely cost a full timeout
            }
            Reply.Answer answer = (Reply.Answer) reply;
            if (answer.status() == 404) {
                without.add(latent);
                continue;
            }
            read(answer.body(), latent, labels, without).ifPresent(why -> problems.add(asking.problem(why)));
        }
        if (problems.size() > 3) {
            int more = problems.size() - 3;
            problems.subList(3, problems.size()).clear();
            problems.add(asking.problem(more + " more responses that cannot be used"));
        }
        return new LabelAnswer(labels, without, List.copyOf(problems));
    }

    private static Optional<String> read(byte[] body, int latent, Map<Integer, String> labels, Set<Integer> without) {
        try {
            JsonNode feature = ForeignJson.read(body, LIMITS);
            if (!feature.path("index").asText("").equals(String.valueOf(latent))) {
                return Optional.of("a response about latent "
                        + LabelText.clean(feature.path("index").asText("")).orElse("unknown") + " instead of "
                        + latent);
            }
            best(feature.path("explanations"))
                    .ifPresentOrElse(label -> labels.put(latent, label), () -> without.add(latent));
            return Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.of("a response that is not JSON");
        }
    }

    private static Optional<String> best(JsonNode explanations) {
        Optional<String> best = Optional.empty();
        double bestScore = Double.NEGATIVE_INFINITY;
        for (JsonNode explanation : explanations) {
            Optional<String> label =
                    LabelText.clean(explanation.path("description").asText(""));
            double score = 0;
            for (JsonNode one : explanation.path("scores")) {
                score = Math.max(score, one.path("value").asDouble(0));
            }
            if (label.isPresent() && (best.isEmpty() || score > bestScore)) {
                best = label;
                bestScore = score;
            }
        }
        return best;
    }
}
