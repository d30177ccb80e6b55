package dev.pintle.server.openai;

import dev.pintle.base.FieldException;
import dev.pintle.base.Problem;
import dev.pintle.library.steer.Steering;
import dev.pintle.library.steer.SteeringSpec;
import dev.pintle.model.Decoding;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.Reporting;
import dev.pintle.server.http.HttpProblem;
import dev.pintle.server.serving.CaptureLinks;
import dev.pintle.server.serving.Models;
import dev.pintle.server.serving.Requests;
import dev.pintle.server.serving.ServedModel;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.transformer.Hook;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A request with everything found: prompt, steering, limits. Nothing of it changes any more, whatever happens to names,
 * presets and vectors.
 *
 * @param model the model that answers
 * @param name the model as the client called it
 * @param fields the request
 * @param steering what acts
 * @param twin what acts on the second row; null for none
 * @param alternatives number of alternatives per token
 * @param reads what is read of each answer
 * @param requests one per answer
 * @param seed of the first answer; the i-th has seed + i
 * @param ignored fields that have no effect
 */
record Asked(
        ServedModel model,
        String name,
        Fields fields,
        Steering steering,
        @Nullable Steering twin,
        int alternatives,
        List<Captures> reads,
        List<GenerationRequest> requests,
        long seed,
        List<String> ignored) {
    private static final int USUAL_MOST = 1024;
    /** Numbers that JavaScript reads exactly, so that a seed can be given back. */
    private static final long MOST_SEED = 1L << 53;

    /** A prompt, and its tokens' roles if it is a conversation. */
    record Given(int[] ids, @Nullable TokenizedPrompt roles) {}

    /**
     * Finds everything that a request names.
     *
     * @param most the request's own maximum of new tokens; null for the usual one
     * @param alternatives number of alternatives per token
     * @param seed of the first answer
     * @throws HttpProblem or FieldException for what can't be done
     */
    static Asked of(
            Models.Chosen chosen,
            Fields fields,
            Given prompt,
            @Nullable Integer most,
            int alternatives,
            long seed,
            List<String> ignored) {
        ServedModel served = chosen.model();
        SteeringSpec spec = spec(chosen, fields);
        Steering steering = spec.resolve(served.sources(), served.model(), roles(spec, prompt), "steering");
        Twin asked = fields.twin();
        Steering twin = asked == null
                ? null
                : asked.steering()
                        .resolve(served.sources(), served.model(), roles(asked.steering(), prompt), "twin.steering");
        int longest = longest(served, prompt.ids(), most);
        Fields.Tokens told = fields.tokens();
        int top = told == null || told.top() == null ? 0 : told.top();
        int reported = Math.max(alternatives, top);
        List<Captures> reads = new ArrayList<>();
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < fields.answers(); i++) {
            Captures read = Captures.of(served, fields, prompt, longest);
            Decoding decoding = fields.decoding(longest, seed + i);
            List<Hook> hooks = new ArrayList<>(read.before());
            hooks.addAll(steering.interventions());
            hooks.addAll(read.after());
            requests.add(new GenerationRequest(prompt.ids(), decoding, stops(fields), hooks)
                    .reporting(reporting(reported, twin)));
            reads.add(read);
        }
        return new Asked(
                served,
                String.valueOf(fields.model()),
                fields,
                steering,
                twin,
                reported,
                reads,
                requests,
                seed,
                ignored);
    }

    /** The seed of a request: its own, or one that is drawn for all its answers. */
    static long seed(Fields fields) {
        return fields.seed() == null ? ThreadLocalRandom.current().nextLong(MOST_SEED) : fields.seed();
    }

    private static Reporting reporting(int alternatives, @Nullable Steering twin) {
        try {
            return new Reporting(alternatives, twin == null ? null : twin.interventions());
        } catch (IllegalArgumentException e) {
            throw Fields.range("top_logprobs", "0 to 20", alternatives);
        }
    }

    private static List<String> stops(Fields fields) {
        for (String stop : fields.stops()) {
            if (stop.isEmpty()) {
                throw new FieldException("stop", Problem.of("A stop string needs at least one character."));
            }
        }
        return fields.stops();
    }

    private static SteeringSpec spec(Models.Chosen chosen, Fields fields) {
        if (fields.steering() != null) {
            return SteeringSpec.of(fields.steering(), "steering");
        }
        if (chosen.preset() == null) {
            return SteeringSpec.none();
        }
        return chosen.presetSteering("steering");
    }

    private static @Nullable TokenizedPrompt roles(SteeringSpec spec, Given prompt) {
        if (spec.needsRoles() && prompt.roles() == null) {
            throw new FieldException(
                    "steering", Problem.of("Tokens can only be selected by role if the prompt is a conversation."));
        }
        return prompt.roles();
    }

    /** The most tokens that an answer may have. */
    /** What is told of it while it runs. */
    Requests.About about() {
        GenerationRequest first = requests.get(0);
        return new Requests.About(
                name, first.prompt().length, first.decoding().maxNewTokens(), fields.streams(), steering.facts());
    }

    private static int longest(ServedModel served, int[] prompt, @Nullable Integer most) {
        int context = served.model().config().maxPositions();
        if (most != null && most < 0) {
            throw Fields.range("max_tokens", "0 or more", most);
        }
        int left = context - prompt.length;
        if (left < 0 || (most != null && most > left)) {
            throw HttpProblem.field(
                    most == null ? "messages" : "max_tokens",
                    "context_length_exceeded",
                    Problem.of("Prompt and answer together are longer than the model's context.")
                            .fact("context", context + " tokens")
                            .fact("prompt", prompt.length + " tokens")
                            .fact("answer", most == null ? "at least 1 token" : "at most " + most + " tokens"));
        }
        return most == null ? Math.min(USUAL_MOST, left) : most;
    }

    /** The same with the answers of another prompt after these. */
    Asked and(Asked other) {
        List<Captures> moreReads = new ArrayList<>(reads);
        moreReads.addAll(other.reads);
        List<GenerationRequest> more = new ArrayList<>(requests);
        more.addAll(other.requests);
        return new Asked(model, name, fields, steering, twin, alternatives, moreReads, more, seed, ignored);
    }

    /**
     * Space for the captures that are links.
     *
     * @throws HttpProblem if there is never, or at the moment not, as much
     */
    CaptureLinks.Space space(CaptureLinks links) {
        long bytes = reads.stream().mapToLong(Captures::linkedBytes).sum();
        if (bytes > links.most()) {
            throw Captures.tooLarge("capture", bytes, links.most(), "\"reduce\", or fewer hook points or positions");
        }
        return links.reserve(bytes);
    }

    /** Tokens of all prompts, each once. */
    int promptTokens() {
        int sum = 0;
        for (int i = 0; i < requests.size(); i += fields.answers()) {
            sum += requests.get(i).prompt().length;
        }
        return sum;
    }

    /** The prompt of an answer. */
    int[] prompt(int answer) {
        return requests.get(answer).prompt();
    }
}
