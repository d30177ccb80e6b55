package dev.pintle.sae.profile;

import dev.pintle.sae.labels.LabelFiles;
import dev.pintle.text.Message;
import dev.pintle.web.ChatEndpoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Has a language model label a profile's latents, as in automated interpretability (Bills et al. 2023): the model sees
 * the strongest contexts, with the tokens that the latent fired on marked, and names what they have in common. Each
 * label is stored as it arrives, so that an interrupted run resumes where it stopped.
 */
public final class Explainer {
    private static final int MOST_FAILURES = 3;
    private static final int MOST_TOKENS = 60;
    private static final String TASK = """
            You name what a unit of a sparse autoencoder of a language model responds to. You are given texts in which it \
            was active, with the active tokens between << and >>, the tokens it is most active on, and the tokens that it \
            makes more probable next. Answer with one short phrase of at most ten words: what the marked tokens, or the \
            texts they stand in, have in common. Give the phrase alone.""";

    private final ChatEndpoint endpoint;

    /** @param endpoint the model to ask */
    public Explainer(ChatEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    /**
     * What a run did.
     *
     * @param labelled number of labels added
     * @param failure why it ended early, if it did
     */
    public record Outcome(int labelled, Optional<String> failure) {}

    /**
     * Labels latents that have no label from a language model yet; those that never fired are skipped.
     *
     * @param file the profile's file
     */
    public Outcome run(Path file, Collection<Integer> latents, Profiler.Listener listener) {
        int labelled = 0;
        int failures = 0;
        int done = 0;
        try (LatentProfile profile = LatentProfile.open(file);
                ProfileStore store = ProfileStore.open(file)) {
            Map<Integer, String> had = store.explanations();
            for (int latent : latents) {
                if (!listener.at("asking for labels", done++, latents.size())) {
                    return new Outcome(labelled, Optional.empty());
                }
                LatentFacts facts = profile.latent(latent);
                if (had.containsKey(latent) || facts.fires() == 0) {
                    continue;
                }
                ChatEndpoint.Said said =
                        endpoint.ask(List.of(Message.system(TASK), Message.user(question(facts))), MOST_TOKENS);
                Optional<String> label = said instanceof ChatEndpoint.Said.Text text
                        ? LabelFiles.oneLine(text.text().replaceAll("^[\"'`*\\s]+|[\"'`*.\\s]+$", ""))
                        : Optional.empty();
                if (label.isPresent()) {
                    store.putExplanation(latent, label.get(), endpoint.model());
                    labelled++;
                    failures = 0;
                } else if (++failures == MOST_FAILURES) {
                    String why = said instanceof ChatEndpoint.Said.Nothing nothing ? nothing.why() : "an empty label";
                    return new Outcome(labelled, Optional.of(why));
                }
            }
        }
        listener.at("asking for labels", latents.size(), latents.size());
        return new Outcome(labelled, Optional.empty());
    }

    static String question(LatentFacts facts) {
        List<String> lines = new ArrayList<>();
        lines.add("Texts:");
        facts.contexts().forEach(context -> lines.add("- " + marked(context)));
        lines.add("Most active on: "
                + facts.tokens().stream()
                        .map(token -> OwnLabel.quoted(token.text()))
                        .collect(Collectors.joining(", ")));
        lines.add("Makes more probable: "
                + facts.promoted().stream()
                        .map(effect -> OwnLabel.quoted(effect.token()))
                        .collect(Collectors.joining(", ")));
        lines.add(String.format(Locale.ROOT, "Active on %.3f%% of tokens.", 100 * facts.density()));
        return String.join("\n", lines);
    }

    /** The context's text, with tokens marked whose activation is at least a third of the peak's. */
    private static String marked(LatentFacts.Shown context) {
        double least = context.activations().get(context.peak()) / 3;
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < context.pieces().size(); i++) {
            boolean active = context.activations().get(i) >= least;
            text.append(active ? "<<" : "").append(context.pieces().get(i)).append(active ? ">>" : "");
        }
        return text.toString().replace("\n", "\\n");
    }
}
