package dev.pintle.sae.profile;

import dev.pintle.base.Problem;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.SparseLatents;
import dev.pintle.sae.corpus.Document;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.text.Role;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
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
 */
/** Makes the profile of an autoencoder's latents over a collection of texts. */
public final class Profiler {
    private static final String ALL_ROLES = "all";
    private static final String AS_TOKENIZED = "as tokenized";

    private static final long CHECKPOINT_NANOS = Duration.ofSeconds(20).toNanos();

    private final LanguageModel model;
    private final SparseAutoencoder sae;
    private final HookPoint at;
    private final Path file;
    private final ProfileSettings settings;

    /**
     * @param at the hook point that the autoencoder was trained on
     * @param file the profile's file; created if missing, otherwise resumed
     * @throws IllegalArgumentException if autoencoder and model have different widths
     */
    public Profiler(LanguageModel model, SparseAutoencoder sae, HookPoint at, Path file, ProfileSettings settings) {
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
            boolean finished = whole && new EffectsStage(model, sae, store).run(listener);
            if (finished) {
                store.setFacts(Map.of("state", "finished"));
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
        Map<String, String> facts = store.facts();
        mine.forEach((name, value) -> {
            // profiles by earlier versions counted all roles, and texts started as the tokenizer leaves them
            String missing = name.equals("roles") && facts.containsKey("model") ? ALL_ROLES : value;
            missing = name.equals("start") && facts.containsKey("model") ? AS_TOKENIZED : missing;
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
        more.put("state", "begun");
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

    private int[] tokens(Document document) {
        int[] ids = document.tokens(model.text());
        return document instanceof Document.Plain ? sae.origin().trainedOn().started(ids, model.tokenizer()) : ids;
    }

    /** Which tokens of a document count, by role. */
    private boolean[] counted(Document document, int length) {
        boolean[] counted = new boolean[length];
        List<Role> roles = settings.allRoles() ? List.of() : document.roles(model.text());
        boolean opened = roles.isEmpty() || settings.roles().contains(Role.SYSTEM);
        for (int t = 0; t < length; t++) {
            Role role = roles.isEmpty() ? Role.OTHER : roles.get(t);
            opened = opened || (role != Role.HEADER && role != Role.SYSTEM);
            counted[t] = roles.isEmpty() || (opened && settings.roles().contains(role));
        }
        return counted;
    }

    /**
     * A piece of a document that the model reads as one sequence.
     *
     * @param skip number of leading tokens (a repeated BOS token) that do not belong to this piece
     * @param counted which tokens count, by role
     * @param from position in the document of the first token after those
     */
    private record Window(int[] ids, int skip, boolean[] counted, long document, int from) {}

    /** One pass over the texts, resuming where the last one stopped. */
    private final class Pass {
        private final ProfileStore store;
        private final Map<Integer, Tally> tallies;
        private final Map<Integer, Long> counts;
        private final Set<Integer> pieces;
        private final Set<Integer> dirty = new HashSet<>();
        private final Set<Integer> dirtyTokens = new HashSet<>();
        private final OptionalInt bos = model.tokenizer().bosId().isPresent()
                ? model.tokenizer().bosId()
                : sae.origin().trainedOn().missingStart(new int[0], model.tokenizer());
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
            try (Texts.Reading reading = texts.open()) {
                skipKnown(reading, texts);
                long total = texts.bytes();
                boolean more = listener.at("reading texts", Math.min(total - 1, reading.bytes()), total);
                while (more && reading.hasNext() && !enough()) {
                    List<Window> batch = new ArrayList<>();
                    int size = 0;
                    while (reading.hasNext() && size < settings.tokensAtOnce()) {
                        Document document = reading.next();
                        int[] ids = tokens(document);
                        List<Window> windows = windows(ids, counted(document, ids.length), documents);
                        batch.addAll(windows);
                        size += windows.stream().mapToInt(w -> w.ids().length).sum();
                        chain = link(chain, document);
                        documents++;
                    }
                    count(batch);
                    if (System.nanoTime() - written > CHECKPOINT_NANOS) {
                        checkpoint();
                    }
                    more = listener.at("reading texts", Math.min(total - 1, reading.bytes()), total);
                }
                checkpoint();
                boolean ended = enough() || !reading.hasNext();
                if (ended) {
                    listener.at("reading texts", total, total);
                }
                return ended;
            }
        }

        private boolean enough() {
            return settings.mostTokens() > 0 && tokens >= settings.mostTokens();
        }

        private void skipKnown(Texts.Reading reading, Texts texts) {
            String seen = "";
            long count = 0;
            for (; count < documents && reading.hasNext(); count++) {
                seen = link(seen, reading.next());
            }
            if (!seen.equals(chain)) {
                throw Problem.of("The texts are not those that the profile was started with.")
                        .fact("profile", file.toAbsolutePath())
                        .fact("texts", texts.name())
                        .fact("expected", documents + " texts as before, possibly followed by more")
                        .fact("try", "another name for the profile, or pintle sae profile --fresh")
                        .toException();
            }
        }

        private void checkpoint() {
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

        private List<Window> windows(int[] ids, boolean[] counted, long document) {
            List<Window> windows = new ArrayList<>();
            int window = Math.max(2, Math.min(settings.window(), model.config().maxPositions()));
            boolean begins = bos.isPresent() && ids.length > 0 && ids[0] == bos.getAsInt();
            for (int from = 0; from < ids.length; ) {
                int lead = from > 0 && begins ? 1 : 0; // each piece starts with BOS, as a text does
                int count = Math.min(ids.length - from, window - lead);
                int[] piece = new int[count + lead];
                if (lead == 1) {
                    piece[0] = ids[0];
                }
                System.arraycopy(ids, from, piece, lead, count);
                boolean[] pieceCounted = new boolean[piece.length];
                System.arraycopy(counted, from, pieceCounted, lead, count);
                windows.add(new Window(piece, lead, pieceCounted, document, from));
                from += count;
            }
            return windows;
        }

        private void count(List<Window> batch) {
            List<Window> byLength = new ArrayList<>(batch); // sorted to reduce padding
            byLength.sort((a, b) -> Integer.compare(b.ids().length, a.ids().length));
            int from = 0;
            while (from < byLength.size()) {
                int width = byLength.get(from).ids().length;
                int rows = Math.max(1, settings.tokensAtOnce() / width);
                List<Window> some = byLength.subList(from, Math.min(byLength.size(), from + rows));
                from += some.size();
                try (TensorScope scope = TensorScope.open("profile")) {
                    Tensor[] rowsOf = activations(some);
                    for (int row = 0; row < rowsOf.length; row++) {
                        count(some.get(row), rowsOf[row]);
                    }
                }
            }
        }

        private Tensor[] activations(List<Window> windows) {
            TokenBatch tokensOf =
                    TokenBatch.of(windows.stream().map(Window::ids).toList());
            var run = model.run(tokensOf, RunOptions.reading(at));
            Tensor[] rows = new Tensor[windows.size()];
            Arrays.setAll(rows, row -> run.row(at, row)); // [length, dModel]
            return rows;
        }

        /** Counts one window's tokens. */
        private void count(Window window, Tensor activations) {
            Map<Integer, List<Firing>> firings = new HashMap<>();
            SparseLatents latents = sae.encodeActive(activations);
            for (int t = 0; t < latents.tokens(); t++) {
                for (int i = 0; i < latents.count(t); i++) {
                    firings.computeIfAbsent(latents.latent(t, i), latent -> new ArrayList<>())
                            .add(new Firing(t, latents.activation(t, i)));
                }
            }
            for (int t = window.skip(); t < window.ids().length; t++) {
                if (counts(window, t)) {
                    tokens++;
                    counts.merge(window.ids()[t], 1L, Long::sum);
                    dirtyTokens.add(window.ids()[t]);
                }
            }
            firings.forEach((latent, fired) -> take(latent, fired, window));
        }

        private boolean counts(Window window, int token) {
            return token >= window.skip()
                    && window.counted()[token]
                    && (settings.specialTokens() || !model.tokenizer().isSpecial(window.ids()[token]));
        }

        private void take(int latent, List<Firing> fired, Window window) {
            Tally tally = null;
            Firing peak = null;
            for (Firing firing : fired) {
                if (!counts(window, firing.token())) {
                    continue;
                }
                if (tally == null) {
                    tally = tallies.computeIfAbsent(latent, l -> new Tally(settings.contextsKept()));
                    dirty.add(latent);
                }
                tally.fired(window.ids()[firing.token()], firing.activation());
                long rank = rank(latent, window, firing.token());
                if (tally.wantsSample(firing.activation(), rank)) {
                    tally.offerSample(context(window, fired, firing), rank);
                }
                peak = peak == null || firing.activation() > peak.activation() ? firing : peak;
            }
            if (tally != null && peak != null && tally.wants(peak.activation())) {
                tally.offer(context(window, fired, peak));
            }
        }

        /** A pseudorandom rank for uniform sampling that does not depend on the order in which texts are read. */
        private long rank(int latent, Window window, int token) {
            long place = (window.document() << 20) + window.from() + token - window.skip();
            return new SplittableRandom(place * 0x9E3779B97F4A7C15L + latent).nextLong();
        }

        private Context context(Window window, List<Firing> fired, Firing peak) {
            int from = Math.max(0, peak.token() - settings.before());
            int to = Math.min(window.ids().length, peak.token() + settings.after() + 1);
            float[] values = new float[to - from];
            for (Firing firing : fired) {
                if (firing.token() >= from && firing.token() < to && counts(window, firing.token())) {
                    values[firing.token() - from] = firing.activation();
                }
            }
            int[] ids = Arrays.copyOfRange(window.ids(), from, to);
            for (int id : ids) {
                dirtyTokens.add(id); // special tokens are not counted but shown
            }
            return new Context(ids, values, peak.token() - from, window.document());
        }
    }

    private record Firing(int token, float activation) {}

    private static String link(String chain, Document document) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(chain.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(sha.digest(document.content().getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
