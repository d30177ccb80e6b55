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
    private final GenerationListener listener;
    private final int most;
    private final int context;
    private final Sampler sampler;
    private final @Nullable StreamingDecoder decoder;
    private final StoppableText text;
    private final List<Choice> choices = new ArrayList<>();
    private @Nullable Ending ending;

    /**
     * @param index of the request
     * @param context maximum number of tokens of prompt and answer together
     * @param decoder null if tokens have no text
     */
    GenerationRow(
            int index,
            GenerationRequest request,
            GenerationListener listener,
            Set<Integer> stopIds,
            int context,
            @Nullable StreamingDecoder decoder) {
        this.index = index;
        this.request = request;
        this.listener = listener;
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
        return hasEnded() ? 0 : most - choices.size();
    }

    /** Prompt and answer so far. */
    int[] tokens() {
        int[] prompt = request.prompt();
        int[] all = Arrays.copyOf(prompt, prompt.length + choices.size());
        for (int i = 0; i < choices.size(); i++) {
            all[prompt.length + i] = choices.get(i).id();
        }
        return all;
    }

    /** Appends the next token; a stop token, or a token behind which activations have overflowed, ends the row instead. */
    void take(Choice choice, Overflow overflow) {
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
        choices.add(choice);
        String ready = text.add(decoder == null ? "" : decoder.add(choice.id()));
        String stop = text.found();
        if (stop != null) {
            ending = Ending.before(stop);
        }
        if ((stop == null || !ready.isEmpty()) && !listener.onText(index, ready) && stop == null) {
            cancel();
        }
        if (!hasEnded() && choices.size() == most) {
            finish(Ending.of(atTheEnd()));
        }
    }

    /** Ends the row where it is, without a word to the listener. */
    void cancel() {
        if (!hasEnded()) {
            text.cutToTold();
            ending = Ending.of(StopReason.CANCELLED);
        }
    }

    /** Ends the row and emits the text that was held back. */
    private void finish(Ending why) {
        String ready = text.add(decoder == null ? "" : decoder.finish());
        String stop = text.found();
        String rest = stop == null ? ready + text.rest() : ready;
        ending = stop == null ? why : Ending.before(stop);
        if (!rest.isEmpty()) {
            listener.onText(index, rest);
        }
    }

    private StopReason atTheEnd() {
        boolean full = request.decoding().maxNewTokens() > context - request.prompt().length;
        return full ? StopReason.CONTEXT_FULL : StopReason.LENGTH;
    }

    Generated finished() {
        return new Generated(
                request.prompt(),
                choices.stream().mapToInt(Choice::id).toArray(),
                text.toString(),
                choices.stream().mapToDouble(Choice::logProbability).toArray(),
                ending == null ? Ending.of(StopReason.LENGTH) : ending);
    }
}
