package dev.pintle.sae.profile;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.SparseLatents;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.TextBatches;
import dev.pintle.sae.corpus.TextWindows;
import dev.pintle.sae.corpus.TextWindows.Window;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.Role;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;

/*
 * One pass, bounded memory, safe to interrupt at any time.
 *
 * Texts are read once, in batches: the model runs up to the autoencoder's layer, the autoencoder encodes the
 * activations, and each active latent is counted in its Tally, which has bounded size. Nothing else is held in memory.
 * At checkpoints, what changed is written together with the number of documents read and a hash chain over their
 * contents. A resumed run rereads the known documents only to check that they are unchanged, and continues after them;
 * so texts may be appended between runs.
 *
 * What is counted does not depend on the order of the texts, and batches do not depend on where a run was interrupted or
 * on the part, so that parts can be counted on several machines and merged.
 */
/** Makes the profile of an autoencoder's latents over a collection of texts. */
public final class Profiler {
    private static final String ALL_ROLES = "all";
    private static final String AS_TOKENIZED = "as tokenized";
    static final String FINISHED = "finished";

    private static final long CHECKPOINT_NANOS = Duration.ofSeconds(20).toNanos();

    private final LanguageModel model;
    private final SparseAutoencoder sae;
    private final HookPoint at;
    private final Path file;
    private final ProfileSettings settings;
    private final Part part;

    /**
     * Profiles all of a collection.
     *
     * @param at the hook point that the autoencoder was trained on
     * @param file the profile's file; created if missing, otherwise resumed
     * @throws IllegalArgumentException if autoencoder and model have different widths
     */
    public Profiler(LanguageModel model, SparseAutoencoder sae, HookPoint at, Path file, ProfileSettings settings) {
        this(model, sae, at, file, settings, Part.WHOLE);
    }

    /**
     * Profiles a part of a collection, for {@link ProfileMerge} to put together. Only the first part has effects, which need
     * no text.
     *
     * @param at the hook point that the autoencoder was trained on
     * @param file the profile's file; created if missing, otherwise resumed
     * @throws IllegalArgumentException if autoencoder and model have different widths, or a part is to end after a number of
     *     tokens: it does not know how many the others have counted
     */
    public Profiler(
            LanguageModel model, SparseAutoencoder sae, HookPoint at, Path file, ProfileSettings settings, Part part) {
        if (!part.isWhole() && settings.mostTokens() > 0) {
            throw Problem.of("A part of a collection cannot end after a number of tokens.")
                    .fact("part", part)
                    .fact("tokens", settings.mostTokens())
                    .fact("why", "a part does not know how many tokens the others have counted")
                    .fact("try", "fewer texts")
                    .toIllegalArgument();
        }
        if (model.config().dModel() != sae.dModel()) {
            throw Problem.of("The autoencoder does not fit the model.")
                    .fact("autoencoder", "dModel = " + sae.dModel())
                    .fact("model", "dModel = " + model.config().dModel())
                    .toIllegalArgument();
        }
        this.model = model;
        this.sae = sae;
        this.at = at;
        this.file = file;
        this.settings = settings;
        this.part = part;
    }

    /** Receives a profile's progress, and may stop it. */
    @FunctionalInterface
    public interface Listener {
        /** Ignores progress and never stops. */
        Listener SILENT = (stage, done, total) -> true;

        /**
         * Called often.
         *
         * @param stage {@code reading texts} (in bytes) or {@code effects} (in latents)
         * @return false to stop after writing a checkpoint
         */
        boolean at(String stage, long done, long total);
    }

    /**
     * What a run did.
     *
     * @param documents number read so far, earlier runs included
     * @param tokens number counted so far
     * @param finished whether all texts were read and all effects computed
     */
    public record Outcome(long documents, long tokens, boolean finished) {}

    /** Renames the profile of a file to {@code NAME.sqlite.old}, if there is one, so that another begins. */
    public static void setAside(Path file) {
        try {
            if (Files.exists(file)) {
                Files.move(file, file.resolveSibling(file.getFileName() + ".old"), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw Problem.of("The existing profile cannot be renamed.")
                    .fact("file", file)
                    .fact("cause", e)
                    .toException(e);
        }
    }

    /**
     * Reads what has not been read yet, then computes the effects that are missing.
     *
     * @throws dev.pintle.base.PintleException if the file contains a profile of something else, or the texts have
     *     changed
     */
    public Outcome run(Texts texts, Listener listener) {
        try (ProfileStore store = ProfileStore.openOrMake(file)) {
            begin(store, texts);
            Pass pass = new Pass(store);
            boolean whole = pass.read(texts, listener);
            boolean finished = whole && (part.number() > 1 || new EffectsStage(model, sae, store).run(listener));
            if (finished) {
                store.setFacts(Map.of("state", FINISHED));
            }
            return new Outcome(pass.documents, pass.tokens, finished);
        }
    }

    private void begin(ProfileStore store, Texts texts) {
        Map<String, String> mine = new LinkedHashMap<>();
        mine.put("model", model.id().toString());
        mine.put("autoencoder", sae.name());
        mine.put("dSae", String.valueOf(sae.dSae()));
        mine.put("hookPoint", at.toString());
        mine.put("window", String.valueOf(settings.window()));
        mine.put("specialTokens", String.valueOf(settings.specialTokens()));
        mine.put("roles", roles());
        mine.put("start", start());
        if (!store.isEarlier()) {
            mine.put("dtype", model.dtype().toString());
            mine.put("device", model.device().kind().toString());
            mine.put("tokensAtOnce", String.valueOf(settings.tokensAtOnce()));
            mine.put("contexts", settings.contextsKept() + " of " + settings.before() + "+1+" + settings.after());
        }
        if (!part.isWhole()) {
            mine.put("part", part.toString());
        }
        Map<String, String> facts = store.facts();
        if (part.isWhole() && facts.containsKey("part")) {
            mine.put("part", part.toString());
        }
        mine.forEach((name, value) -> {
            // profiles by earlier versions counted all roles, and texts started as the tokenizer leaves them
            String missing = name.equals("roles") && facts.containsKey("model") ? ALL_ROLES : value;
            missing = name.equals("start") && facts.containsKey("model") ? AS_TOKENIZED : missing;
            missing = name.equals("part") && facts.containsKey("model") ? Part.WHOLE.toString() : missing;
            String found = facts.getOrDefault(name, missing);
            if (!found.equals(value)) {
                throw Problem.of("The profile is of something else.")
                        .fact("file", file.toAbsolutePath())
                        .fact("what", name)
                        .fact("expected", value)
                        .fact("but was", found)
                        .fact(
                                "try",
                                name.equals("roles")
                                        ? "another name for the profile, pintle sae profile --fresh, or --roles "
                                                + found
                                        : "another name for the profile")
                        .toException();
            }
        });
        Map<String, String> more = new TreeMap<>(mine);
        if (!store.isEarlier()) {
            more.put("state", "begun");
        }
        more.put("texts", texts.name());
        store.setFacts(more);
    }

    private String roles() {
        return settings.allRoles()
                ? ALL_ROLES
                : settings.roles().stream().sorted().map(Role::label).collect(Collectors.joining(","));
    }

    /** What is put before plain texts, by name. */
    private String start() {
        OptionalInt start =
                sae.origin().trainedOn().missingStart(model.tokenizer().encode("a"), model.tokenizer());
        return start.isEmpty() ? AS_TOKENIZED : model.tokenizer().decode(new int[] {start.getAsInt()}, false);
    }

    private TextWindows windows() {
        return new TextWindows(
                model.text(),
                Math.min(settings.window(), model.config().maxPositions()),
                settings.roles(),
                settings.specialTokens(),
                sae.origin().trainedOn().missingStart(new int[0], model.tokenizer()));
    }

    /** One pass over the texts, resuming where the last one stopped. */
    private final class Pass {
        private final ProfileStore store;
        private final Map<Integer, Tally> tallies;
        private final Map<Integer, Long> counts;
        private final Set<Integer> pieces;
        private final Set<Integer> dirty = new HashSet<>();
        private final Set<Integer> dirtyTokens = new HashSet<>();
        private long documents;
        private long tokens;
        private String writtenDocuments;
        private String chain;
        private long written = System.nanoTime();

        Pass(ProfileStore store) {
            this.store = store;
            Map<String, String> facts = store.facts();
            documents = Long.parseLong(facts.getOrDefault("documents", "0"));
            tokens = Long.parseLong(facts.getOrDefault("tokens", "0"));
            chain = facts.getOrDefault("chain", "");
            writtenDocuments = facts.getOrDefault("documents", "");
            tallies = store.tallies(settings.contextsKept());
            counts = store.counts();
            pieces = new HashSet<>(store.pieces().keySet());
        }

        /** Reads texts; returns whether their end, or the token limit, was reached. */
        boolean read(Texts texts, Listener listener) {
            try (TextBatches batches = new TextBatches(texts, windows(), part, settings.tokensAtOnce())) {
                skipKnown(batches, texts);
                long total = texts.bytes();
                boolean more = listener.at("reading texts", Math.min(total - 1, batches.bytes()), total);
                while (more && batches.hasNext() && !enough()) {
                    batches.next().forEach(this::count);
                    documents = batches.documents();
                    chain = batches.chain();
                    if (System.nanoTime() - written > CHECKPOINT_NANOS) {
                        checkpoint();
                    }
                    more = listener.at("reading texts", Math.min(total - 1, batches.bytes()), total);
                }
                checkpoint();
                boolean ended = enough() || !batches.hasNext();
                if (ended) {
                    listener.at("reading texts", total, total);
                }
                return ended;
            }
        }

        private boolean enough() {
            return settings.mostTokens() > 0 && tokens >= settings.mostTokens();
        }

        private void skipKnown(TextBatches batches, Texts texts) {
            batches.skip(documents);
            if (batches.documents() != documents || !batches.chain().equals(chain)) {
                throw Problem.of("The texts are not those that the profile was started with.")
                        .fact("profile", file.toAbsolutePath())
                        .fact("texts", texts.name())
                        .fact("expected", documents + " texts as before, possibly followed by more")
                        .fact("try", "another name for the profile, or pintle sae profile --fresh")
                        .toException();
            }
            if (store.isEarlier() && batches.hasNext()) {
                throw Problem.of("The profile was begun by an earlier version of Pintle, and cannot go on.")
                        .fact("profile", file.toAbsolutePath())
                        .fact("why", "what it has counted depends on the order of the texts; now nothing does")
                        .fact("try", "pintle sae profile --fresh, or another name for the profile")
                        .toException();
            }
        }

        private void checkpoint() {
            if (store.isEarlier()) {
                return; // nothing new has been read
            }
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("documents", String.valueOf(documents));
            facts.put("tokens", String.valueOf(tokens));
            facts.put("chain", chain);
            Map<Integer, Tally> changed = new HashMap<>();
            dirty.forEach(latent -> changed.put(latent, tallies.get(latent)));
            Map<Integer, String> fresh = new HashMap<>();
            Map<Integer, Long> fallen = new HashMap<>();
            for (int id : dirtyTokens) {
                if (pieces.add(id)) {
                    fresh.put(id, model.tokenizer().decode(new int[] {id}));
                }
                fallen.put(id, counts.getOrDefault(id, 0L));
            }
            store.checkpoint(writtenDocuments, facts, changed, fresh, fallen);
            writtenDocuments = String.valueOf(documents);
            dirty.clear();
            dirtyTokens.clear();
            written = System.nanoTime();
        }

        private void count(List<Window> run) {
            SparseLatents latents = latents(run);
            int first = 0;
            for (Window window : run) {
                count(window, latents, first);
                first += window.ids().length;
            }
        }

        /** The latents of all tokens of some windows, one window after the other: one product is faster than many small ones. */
        private SparseLatents latents(List<Window> windows) {
            try (TensorScope scope = TensorScope.open("profile")) {
                TokenBatch tokensOf =
                        TokenBatch.of(windows.stream().map(Window::ids).toList());
                var run = model.run(tokensOf, RunOptions.reading(at));
                List<Tensor> rows = new ArrayList<>(); // [length, dModel]
                for (int row = 0; row < windows.size(); row++) {
                    rows.add(run.row(at, row));
                }
                return sae.encodeActive(Tensor.cat(rows, 0));
            }
        }

        /**
         * Counts one window's tokens.
         *
         * @param first where they begin among the latents' tokens
         */
        private void count(Window window, SparseLatents latents, int first) {
            Map<Integer, List<Firing>> firings = new HashMap<>();
            for (int t = 0; t < window.ids().length; t++) {
                for (int i = 0; i < latents.count(first + t); i++) {
                    firings.computeIfAbsent(latents.latent(first + t, i), latent -> new ArrayList<>())
                            .add(new Firing(t, latents.activation(first + t, i)));
                }
            }
            for (int t = window.skip(); t < window.ids().length; t++) {
                if (window.counted()[t]) {
                    tokens++;
                    counts.merge(window.ids()[t], 1L, Long::sum);
                    dirtyTokens.add(window.ids()[t]);
                }
            }
            firings.forEach((latent, fired) -> take(latent, fired, window));
        }

        private void take(int latent, List<Firing> fired, Window window) {
            Tally tally = null;
            Firing peak = null;
            for (Firing firing : fired) {
                if (!window.counted()[firing.token()]) {
                    continue;
                }
                if (tally == null) {
                    tally = tallies.computeIfAbsent(latent, l -> new Tally(settings.contextsKept()));
                    dirty.add(latent);
                }
                int position = window.position(firing.token());
                long rank = rank(latent, window.document(), position);
                tally.fired(window.ids()[firing.token()], firing.activation(), rank);
                if (tally.wantsSample(firing.activation(), rank, window.document(), position)) {
                    tally.offerSample(context(window, fired, firing), rank);
                }
                peak = peak == null || firing.activation() > peak.activation() ? firing : peak;
            }
            if (tally != null
                    && peak != null
                    && tally.wants(peak.activation(), window.document(), window.position(peak.token()))) {
                tally.offer(context(window, fired, peak));
            }
        }

        /** A pseudorandom rank for uniform sampling that does not depend on the order in which texts are read. */
        private long rank(int latent, long document, int position) {
            long place = (document << 20) + position;
            return new SplittableRandom(place * 0x9E3779B97F4A7C15L + latent).nextLong();
        }

        private Context context(Window window, List<Firing> fired, Firing peak) {
            int from = Math.max(0, peak.token() - settings.before());
            int to = Math.min(window.ids().length, peak.token() + settings.after() + 1);
            float[] values = new float[to - from];
            for (Firing firing : fired) {
                if (firing.token() >= from && firing.token() < to && window.counted()[firing.token()]) {
                    values[firing.token() - from] = firing.activation();
                }
            }
            int[] ids = Arrays.copyOfRange(window.ids(), from, to);
            for (int id : ids) {
                dirtyTokens.add(id); // special tokens are not counted but shown
            }
            return new Context(ids, values, peak.token() - from, window.document(), window.position(peak.token()));
        }
    }

    private record Firing(int token, float activation) {}
}
