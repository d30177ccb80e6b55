package dev.pintle.bench;

import dev.pintle.evaluation.Loops;
import dev.pintle.evaluation.StyleMarker;
import dev.pintle.model.Decoding;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationListener;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Add;
import dev.pintle.steering.Aggregation;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.DiffMean;
import dev.pintle.steering.GeneratedTokens;
import dev.pintle.steering.Positions;
import dev.pintle.steering.SteeringMethod;
import dev.pintle.steering.SteeringVector;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * How well each method steers a model toward styles that words give away: every method fits a vector for every style, every
 * question is answered at rising strengths, and answers that show the style without looping are counted. All styles and
 * questions of one strength are one batch in which each row has its own vector.
 */
public final class StyleBench {
    private static final String NEUTRAL = "The assistant should act normally.";
    private static final List<String> QUESTIONS = List.of(
            "Tell me about the whale.",
            "What is the capital of Japan?",
            "Hello, how are you?",
            "What is the spoon made of?",
            "What do you know about honey?",
            "What does the tailor do?");
    private static final double[] STRENGTHS = {0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3, 1.7};
    private static final Decoding DECODING = Decoding.greedy(32);

    private final LanguageModel model;
    private final HookPoint at;
    private final List<StyleMarker> styles;
    private final List<String> prefixes;

    /** @param prefixes answer prefixes for the methods that read the last position */
    public StyleBench(LanguageModel model, HookPoint at, Collection<StyleMarker> styles, List<String> prefixes) {
        this.model = model;
        this.at = at;
        this.styles = List.copyOf(styles);
        this.prefixes = List.copyOf(prefixes);
    }

    /**
     * What one method reaches.
     *
     * @param method its name, with the aggregation
     * @param strength the one strength at which most answers of all styles show theirs, in mean activation norms
     * @param shows share of answers at that strength that do
     * @param loops share of answers at that strength that repeat themselves
     * @param bestEach share of answers that do where every style has its own best strength
     */
    public record Score(String method, double strength, double shows, double loops, double bestEach) {}

    /** Hears of each score as it is known. */
    @FunctionalInterface
    public interface Listener {
        /** @param score of a method that is done */
        void scored(Score score);
    }

    /** Unsteered first, then every method. */
    public List<Score> run(Listener listener) {
        List<Score> scores = new ArrayList<>();
        boolean[][] none = new boolean[2][];
        none[0] = answers(List.of(), 0, none);
        Score unsteered = new Score("unsteered", 0, share(none[0]), share(none[1]), share(none[0]));
        scores.add(unsteered);
        listener.scored(unsteered);
        for (Map.Entry<String, Function<StyleMarker, SteeringMethod>> method :
                methods().entrySet()) {
            List<SteeringVector> vectors = styles.stream()
                    .map(style ->
                            SteeringVector.fit(model, at, method.getValue().apply(style)))
                    .toList();
            Score score = score(method.getKey(), vectors);
            scores.add(score);
            listener.scored(score);
        }
        return scores;
    }

    private Map<String, Function<StyleMarker, SteeringMethod>> methods() {
        Map<String, Function<StyleMarker, SteeringMethod>> methods = new LinkedHashMap<>();
        methods.put("last-position", style -> Contrast.lastPosition(prefixed(style)));
        methods.put(
                "last-position, pairs not normalised",
                style -> Contrast.lastPosition(prefixed(style)).withLengths(Contrast.Lengths.AS_READ));
        for (String name : List.of("pca-centred", "pca-uncentred", "logistic-probe")) {
            Aggregation how = Aggregation.parse(name);
            methods.put(
                    "last-position, " + name,
                    style -> Contrast.lastPosition(prefixed(style))
                            .withLengths(Contrast.Lengths.AS_READ)
                            .withAggregation(how));
        }
        methods.put("diff-mean", style -> DiffMean.ofPairs(prefixed(style), Positions.last()));
        methods.put("generated-tokens", style -> GeneratedTokens.generatedTokens(asked(style), 32));
        methods.put("after-last-difference", style -> Contrast.afterLastDifference(pair(style)));
        methods.put(
                "after-last-difference, pca-uncentred",
                style -> Contrast.afterLastDifference(pair(style))
                        .withAggregation(new Aggregation.UncentredFirstComponent()));
        methods.put("all-positions", style -> Contrast.allPositions(pair(style)));
        methods.put(
                "first-difference, pca-centred",
                style -> Contrast.firstDifference(pair(style))
                        .withAggregation(new Aggregation.FirstPrincipalComponent()));
        return methods;
    }

    private static String want(StyleMarker style) {
        return "The assistant should " + style.ask() + ".";
    }

    private static ContrastPair pair(StyleMarker style) {
        return ContrastPair.ofSystemPrompts(want(style), NEUTRAL);
    }

    private List<ContrastPair> prefixed(StyleMarker style) {
        return ContrastPair.ofPrefixes(want(style), NEUTRAL, prefixes);
    }

    /** Questions that are not those of the score. */
    private static List<ContrastPair> asked(StyleMarker style) {
        return List.of(
                        "Hello!",
                        "Tell me about the moon.",
                        "What is the capital of France?",
                        "What is the boat made of?",
                        "What does the baker do?",
                        "What do you know about salt?",
                        "Tell me about the owl.",
                        "What is the ring made of?")
                .stream()
                .map(question -> ContrastPair.ofSystemPrompts(want(style), NEUTRAL, question))
                .toList();
    }

    private Score score(String name, List<SteeringVector> vectors) {
        double[] bestOfStyle = new double[styles.size()];
        Score best = new Score(name, 0, -1, 0, 0);
        for (double strength : STRENGTHS) {
            boolean[][] loops = new boolean[2][];
            boolean[] shows = answers(vectors, strength, loops);
            for (int style = 0; style < bestOfStyle.length; style++) {
                int count = 0;
                for (int q = 0; q < QUESTIONS.size(); q++) {
                    count += shows[style * QUESTIONS.size() + q] ? 1 : 0;
                }
                bestOfStyle[style] = Math.max(bestOfStyle[style], (double) count / QUESTIONS.size());
            }
            if (share(shows) > best.shows()) {
                best = new Score(name, strength, share(shows), share(loops[1]), 0);
            }
        }
        double each = 0;
        for (double share : bestOfStyle) {
            each += share / bestOfStyle.length;
        }
        return new Score(name, best.strength(), best.shows(), best.loops(), each);
    }

    /**
     * Whether each answer shows its style, by style and question.
     *
     * @param loops takes whether each repeats itself, at 1
     */
    private boolean[] answers(List<SteeringVector> vectors, double strength, boolean[][] loops) {
        List<GenerationRequest> requests = new ArrayList<>();
        for (int style = 0; style < styles.size(); style++) {
            for (String question : QUESTIONS) {
                GenerationRequest request =
                        GenerationRequest.of(model.chatTokens(List.of(Message.user(question))), DECODING);
                requests.add(vectors.isEmpty() ? request : request.with(add(vectors.get(style), strength)));
            }
        }
        List<Generated> written = model.generate(requests, GenerationListener.SILENT);
        boolean[] shows = new boolean[written.size()];
        loops[1] = new boolean[written.size()];
        for (int i = 0; i < shows.length; i++) {
            String text = written.get(i).text();
            shows[i] = styles.get(i / QUESTIONS.size()).shows(text);
            loops[1][i] = Loops.in(text);
        }
        return shows;
    }

    private static Add add(SteeringVector vector, double strength) {
        return Add.add(vector, strength * vector.origin().meanActivationNorm());
    }

    private static double share(boolean[] flags) {
        int count = 0;
        for (boolean flag : flags) {
            count += flag ? 1 : 0;
        }
        return (double) count / flags.length;
    }
}
