package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.model.Generated.Ending;
import dev.pintle.model.Generated.StopReason;
import dev.pintle.text.StreamingDecoder;
import dev.pintle.transformer.Choice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One row during generation: its tokens so far, its text, and why it ended. */
final class GenerationRow {
    private final int index;
    private final GenerationRequest request;
    private final Set<Integer> stopIds;
    private final Reader reader;
    private final int most;
    private final int context;
    private final Sampler sampler;
    private final @Nullable StreamingDecoder decoder;
    private final StoppableText text;
    private final List<GeneratedToken> taken = new ArrayList<>();
    private @Nullable Ending ending;
    private boolean failed;
    private int known;
    private volatile boolean begun;

    /** Receives one piece per token, and at the end what was held back. */
    @FunctionalInterface
    interface Reader {
        /** @return false to stop the row */
        boolean read(Generation.Piece piece);
    }

    /**
     * @param index of the request
     * @param context maximum number of tokens of prompt and answer together
     * @param decoder null if tokens have no text
     */
    GenerationRow(
            int index,
            GenerationRequest request,
            Reader reader,
            Set<Integer> stopIds,
            int context,
            @Nullable StreamingDecoder decoder) {
        this.index = index;
        this.request = request;
        this.reader = reader;
        this.stopIds = stopIds;
        this.context = context;
        this.most = Math.min(request.decoding().maxNewTokens(), Math.max(0, context - request.prompt().length));
        this.sampler = new Sampler(request.decoding(), request.prompt());
        this.decoder = decoder;
        this.text = new StoppableText(request.stopStrings());
        this.ending = most == 0 ? Ending.of(atTheEnd()) : null;
    }

    int index() {
        return index;
    }

    GenerationRequest request() {
        return request;
    }

    Sampler sampler() {
        return sampler;
    }

    /** Says that its prompt is being run. */
    void begin() {
        begun = true;
    }

    /** Says how many tokens of its prompt were not run, since their keys and values were known. */
    void beganWith(int tokens) {
        known = tokens;
    }

    /** Whether its prompt has been run, or is being run. Any thread may ask. */
    boolean hasBegun() {
        return begun;
    }

    boolean hasEnded() {
        return ending != null;
    }

    /** Maximum number of tokens that it generates in total. */
    int most() {
        return most;
    }

    /** Maximum number of tokens of prompt and answer. */
    int longest() {
        return request.prompt().length + most;
    }

    /** Maximum number of tokens that it can still generate. */
    int left() {
        return hasEnded() ? 0 : most - taken.size();
    }

    /** Prompt and answer so far. */
    int[] tokens() {
        int[] prompt = request.prompt();
        int[] all = Arrays.copyOf(prompt, prompt.length + taken.size());
        for (int i = 0; i < taken.size(); i++) {
            all[prompt.length + i] = taken.get(i).id();
        }
        return all;
    }

    /**
     * Appends the next token; a stop token, or a token behind which activations have overflowed, ends the row instead.
     *
     * @param alternatives to be reported
     * @param twin to be reported, or null
     */
    void take(
            Choice choice,
            List<GeneratedToken.Alternative> alternatives,
            GeneratedToken.@Nullable TwinToken twin,
            Overflow overflow) {
        if (hasEnded()) {
            return;
        }
        Optional<Problem> problem = overflow.behind(choice, this);
        if (problem.isPresent()) {
            finish(Ending.because(problem.get()));
            return;
        }
        if (stopIds.contains(choice.id())) {
            finish(Ending.at(choice.id()));
            return;
        }
        String completed = decoder == null ? "" : decoder.add(choice.id());
        GeneratedToken token = new GeneratedToken(choice.id(), completed, choice.logProbability(), alternatives, twin);
        taken.add(token);
        String ready = text.add(completed);
        String stop = text.found();
        if (stop != null) {
            ending = Ending.before(stop);
        }
        if (!reader.read(new Generation.Piece(ready, token))) {
            cancel();
        }
        if (!hasEnded() && taken.size() == most) {
            finish(Ending.of(atTheEnd()));
        }
    }

    /** The same for a row of which nothing more is reported. */
    void take(Choice choice, Overflow overflow) {
        take(choice, List.of(), null, overflow);
    }

    /** Ends the row where it is, without a word to its reader. */
    void cancel() {
        if (!hasEnded()) {
            text.cutToTold();
            ending = Ending.of(StopReason.CANCELLED);
        }
    }

    /** Ends the row because it can't go on; what was last computed for it is of no use. */
    void fail() {
        cancel();
        failed = true;
    }

    boolean hasFailed() {
        return failed;
    }

    /** Ends the row and emits the text that was held back. */
    private void finish(Ending why) {
        String ready = text.add(decoder == null ? "" : decoder.finish());
        String stop = text.found();
        String rest = stop == null ? ready + text.rest() : ready;
        ending = stop == null ? why : Ending.before(stop);
        if (!rest.isEmpty()) {
            reader.read(new Generation.Piece(rest, null));
        }
    }

    private StopReason atTheEnd() {
        boolean full = request.decoding().maxNewTokens() > context - request.prompt().length;
        return full ? StopReason.CONTEXT_FULL : StopReason.LENGTH;
    }

    Generated finished() {
        return new Generated(
                request.prompt(),
                taken,
                text.toString(),
                ending == null ? Ending.of(StopReason.LENGTH) : ending,
                known);
    }
}
