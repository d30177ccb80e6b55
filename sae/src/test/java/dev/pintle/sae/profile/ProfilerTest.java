package dev.pintle.sae.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Document;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.testkit.FakeService;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Role;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import dev.pintle.web.ChatEndpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class ProfilerTest {
    private static final HookPoint AT = HookPoint.residPost(3);
    private static LanguageModel model;
    private static SparseAutoencoder sae;

    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void load() {
        model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
        sae = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
    }

    @AfterAll
    static void close() {
        sae.close();
        model.close();
    }

    private Path texts(int count) throws IOException {
        List<String> all = Files.readAllLines(Golden.parley().resolve("texts.jsonl"));
        return Files.write(folder.resolve("texts.jsonl"), all.subList(0, count));
    }

    private Profiler profiler(String name, ProfileSettings settings) {
        return new Profiler(model, sae, AT, folder.resolve(name), settings);
    }

    private Profiler profiler(String name) {
        return profiler(name, ProfileSettings.usual());
    }

    /** Everything that is known of every latent, as text. */
    private List<String> content(String name) {
        try (LatentProfile profile = LatentProfile.open(folder.resolve(name))) {
            List<String> content = new ArrayList<>();
            content.add(profile.tokens() + " " + profile.documents() + " " + profile.finished());
            for (int latent = 0; latent < profile.dSae(); latent++) {
                content.add(profile.latent(latent).toString());
            }
            return content;
        }
    }

    // ---------------------------------------------------------------- what is counted

    @Test
    void counts_are_those_of_a_plain_loop_over_the_dense_latents() throws IOException {
        Path file = texts(40);
        profiler("p").run(Texts.of(file), Profiler.Listener.SILENT);
        long tokens = 0;
        Map<Integer, Long> fires = new HashMap<>();
        Map<Integer, Double> sums = new HashMap<>();
        Map<Integer, Float> largest = new HashMap<>();
        try (Texts.Reading reading = Texts.of(file).open()) {
            while (reading.hasNext()) {
                int[] ids = reading.next().tokens(model.text());
                try (TensorScope scope = TensorScope.open("plain")) {
                    Tensor at = model.run(TokenBatch.of(ids), RunOptions.reading(AT))
                            .row(AT, 0);
                    for (int t = 0; t < ids.length; t++) {
                        if (model.tokenizer().isSpecial(ids[t])) {
                            continue;
                        }
                        tokens++;
                        float[] latents = sae.encode(at.select(0, t)).toFloats();
                        for (int latent = 0; latent < latents.length; latent++) {
                            if (latents[latent] > 0) {
                                fires.merge(latent, 1L, Long::sum);
                                sums.merge(latent, (double) latents[latent], Double::sum);
                                largest.merge(latent, latents[latent], Math::max);
                            }
                        }
                    }
                }
            }
        }
        try (LatentProfile profile = LatentProfile.open(folder.resolve("p"))) {
            assertThat(profile.tokens()).isEqualTo(tokens);
            assertThat(profile.finished()).isTrue();
            int unequal = 0;
            for (int latent = 0; latent < profile.dSae(); latent++) {
                LatentFacts facts = profile.latent(latent);
                long expected = fires.getOrDefault(latent, 0L);
                unequal += facts.fires() == expected ? 0 : 1; // batches round differently, which tips a few zeros
                assertThat(facts.fires()).isCloseTo(expected, within(2L));
                assertThat(facts.max()).isCloseTo(largest.getOrDefault(latent, 0f), within(1e-3));
                assertThat(facts.mean() * facts.fires()).isCloseTo(sums.getOrDefault(latent, 0.0), within(0.01));
                assertThat(facts.histogram().stream()
                                .mapToLong(LatentFacts.Bin::count)
                                .sum())
                        .isEqualTo(facts.fires());
            }
            assertThat(unequal).isLessThan(10);
        }
    }

    @Test
    void a_context_shows_the_activation_of_each_of_its_tokens() throws IOException {
        profiler("p").run(Texts.of(texts(40)), Profiler.Listener.SILENT);
        List<String> documents = Files.readAllLines(folder.resolve("texts.jsonl"));
        try (LatentProfile profile = LatentProfile.open(folder.resolve("p"))) {
            int checked = 0;
            for (int latent = 0; latent < profile.dSae(); latent += 97) {
                for (LatentFacts.Shown context : profile.latent(latent).contexts()) {
                    assertThat(context.pieces()).hasSameSizeAs(context.activations());
                    assertThat(context.activations().get(context.peak()))
                            .isEqualTo(context.activations().stream()
                                    .mapToDouble(d -> d)
                                    .max()
                                    .orElseThrow());
                    assertThat(context.document()).isBetween(0L, (long) documents.size());
                    checked++;
                }
                List<Double> peaks = profile.latent(latent).contexts().stream()
                        .map(context -> context.activations().get(context.peak()))
                        .toList();
                assertThat(peaks).isSortedAccordingTo((a, b) -> Double.compare(b, a));
            }
            assertThat(checked).isGreaterThan(20);
        }
    }

    @Test
    void effects_are_the_decoder_row_through_the_unembedding_and_nearest_its_cosines() throws IOException {
        profiler("p").run(Texts.of(texts(3)), Profiler.Listener.SILENT);
        try (LatentProfile profile = LatentProfile.open(folder.resolve("p"));
                TensorScope scope = TensorScope.open("plain")) {
            for (int latent : new int[] {0, 146, 933, 1023}) {
                LatentFacts facts = profile.latent(latent);
                double[] logits =
                        model.directLogits(Tensor.of(sae.decoderRow(latent))).toDoubles();
                double[] sorted = logits.clone();
                Arrays.sort(sorted);
                assertThat(facts.promoted().get(0).logit()).isCloseTo(sorted[sorted.length - 1], within(1e-5));
                assertThat(facts.suppressed().get(0).logit()).isCloseTo(sorted[0], within(1e-5));
                int best = 0;
                for (int id = 0; id < logits.length; id++) {
                    best = logits[id] > logits[best] ? id : best;
                }
                assertThat(facts.promoted().get(0).token())
                        .isEqualTo(model.tokenizer().decode(new int[] {best}));
                Vec row = sae.decoderRow(latent);
                int nearest = -1;
                for (int other = 0; other < sae.dSae(); other++) {
                    if (other != latent
                            && (nearest < 0
                                    || row.cosine(sae.decoderRow(other)) > row.cosine(sae.decoderRow(nearest)))) {
                        nearest = other;
                    }
                }
                assertThat(facts.nearest().get(0).latent()).isEqualTo(nearest);
                assertThat(facts.nearest().get(0).cosine())
                        .isCloseTo(row.cosine(sae.decoderRow(nearest)), within(1e-5));
            }
        }
    }

    @Test
    void windows_cut_long_texts_and_special_tokens_count_when_asked() throws IOException {
        Files.writeString(folder.resolve("long.txt"), "Tell me about the whale. ".repeat(100) + "\n");
        profiler("w", ProfileSettings.usual().withWindow(32))
                .run(Texts.of(folder.resolve("long.txt")), Profiler.Listener.SILENT);
        profiler("s", ProfileSettings.usual().withWindow(32).withSpecialTokens(true))
                .run(Texts.of(folder.resolve("long.txt")), Profiler.Listener.SILENT);
        int ids = new Document.Plain("Tell me about the whale. ".repeat(100)).tokens(model.text()).length;
        try (LatentProfile without = LatentProfile.open(folder.resolve("w"));
                LatentProfile with = LatentProfile.open(folder.resolve("s"))) {
            assertThat(with.tokens()).isEqualTo(ids);
            assertThat(without.tokens()).isEqualTo(ids - 1); // the one that begins the text
        }
    }

    @Test
    void only_the_words_of_chosen_roles_count() throws IOException {
        Path file = texts(40);
        long[] tokens = new long[Role.values().length];
        long beforeWords = 0;
        try (Texts.Reading reading = Texts.of(file).open()) {
            while (reading.hasNext()) {
                Document document = reading.next();
                int[] ids = document.tokens(model.text());
                List<Role> roles = document.roles(model.text());
                assertThat(roles).hasSize(ids.length);
                boolean begun = false;
                for (int t = 0; t < ids.length; t++) {
                    begun = begun || (roles.get(t) != Role.HEADER && roles.get(t) != Role.SYSTEM);
                    if (!model.tokenizer().isSpecial(ids[t])) {
                        tokens[roles.get(t).ordinal()]++;
                        beforeWords += !begun && roles.get(t) == Role.HEADER ? 1 : 0;
                    }
                }
            }
        }
        Map<Set<Role>, Long> expected = Map.of(
                EnumSet.of(Role.ASSISTANT),
                tokens[Role.ASSISTANT.ordinal()],
                EnumSet.of(Role.SYSTEM),
                tokens[Role.SYSTEM.ordinal()],
                EnumSet.of(Role.USER, Role.ASSISTANT),
                tokens[Role.USER.ordinal()] + tokens[Role.ASSISTANT.ordinal()],
                EnumSet.complementOf(EnumSet.of(Role.SYSTEM)),
                tokens[Role.USER.ordinal()]
                        + tokens[Role.ASSISTANT.ordinal()]
                        + tokens[Role.HEADER.ordinal()]
                        - beforeWords);
        expected.forEach((roles, count) -> {
            String name = "roles" + roles.hashCode();
            profiler(name, ProfileSettings.usual().withRoles(roles)).run(Texts.of(file), Profiler.Listener.SILENT);
            try (LatentProfile profile = LatentProfile.open(folder.resolve(name))) {
                assertThat(profile.tokens()).as(roles.toString()).isEqualTo(count);
            }
        });
    }

    @Test
    void a_profile_goes_on_with_the_roles_it_was_begun_with() throws IOException {
        Path file = texts(5);
        profiler("p").run(Texts.of(file), Profiler.Listener.SILENT);
        assertThatThrownBy(() -> profiler("p", ProfileSettings.usual().withRoles(EnumSet.of(Role.USER)))
                        .run(Texts.of(file), Profiler.Listener.SILENT))
                .hasMessage("The profile is of something else.\n  file:     " + folder.resolve("p")
                        + "\n  what:     roles\n  expected: user\n  but was:  all"
                        + "\n  try:      another name for the profile, pintle sae profile --fresh, or --roles all");
    }

    @Test
    void the_histogram_ends_with_the_largest_activation_and_quantiles_have_contexts() throws IOException {
        profiler("p").run(Texts.of(texts(40)), Profiler.Listener.SILENT);
        try (LatentProfile profile = LatentProfile.open(folder.resolve("p"))) {
            int several = 0;
            for (int latent = 0; latent < profile.dSae(); latent++) {
                LatentFacts facts = profile.latent(latent);
                if (facts.fires() == 0) {
                    assertThat(facts.quantiles()).isEmpty();
                    continue;
                }
                assertThat(facts.histogram().get(facts.histogram().size() - 1).to())
                        .isEqualTo(facts.max());
                several += facts.quantiles().size() > 2 ? 1 : 0;
                double above = facts.max();
                for (LatentFacts.AtQuantile one : facts.quantiles()) {
                    double activation =
                            one.context().activations().get(one.context().peak());
                    assertThat(activation).isPositive().isLessThanOrEqualTo(above);
                    above = activation;
                    // the bin that holds the quantile holds the context's activation too
                    long below = facts.histogram().stream()
                            .filter(bin -> bin.to() <= activation && bin.to() < facts.max())
                            .mapToLong(LatentFacts.Bin::count)
                            .sum();
                    assertThat(below).isLessThanOrEqualTo(Math.round(one.quantile() * facts.fires()));
                }
            }
            assertThat(several).isGreaterThan(100);
        }
    }

    // ---------------------------------------------------------------- stopping and going on

    @Test
    @Tag("slow")
    void a_run_that_is_stopped_anywhere_goes_on_to_the_same_profile() throws IOException {
        Texts texts = Texts.of(texts(24));
        ProfileSettings small = new ProfileSettings(256, 256, 4, 10, 4, false, 0);
        profiler("whole", small).run(texts, Profiler.Listener.SILENT);
        for (int stop : new int[] {3, 9}) {
            boolean finished = false;
            for (int run = 0; run < 40 && !finished; run++) {
                int[] calls = {0};
                finished = profiler("part" + stop, small)
                        .run(texts, (stage, done, total) -> ++calls[0] <= stop)
                        .finished();
            }
            assertThat(finished).isTrue();
            assertThat(content("part" + stop)).isEqualTo(content("whole"));
        }
        List<String> before = content("whole");
        profiler("whole", small).run(texts, Profiler.Listener.SILENT);
        assertThat(content("whole")).isEqualTo(before);
    }

    @Test
    @Tag("slow")
    void a_run_that_fails_between_two_writes_counts_nothing_twice() throws IOException {
        Texts texts = Texts.of(texts(24));
        ProfileSettings small = new ProfileSettings(256, 256, 4, 10, 4, false, 0);
        profiler("whole", small).run(texts, Profiler.Listener.SILENT);
        profiler("hurt", small).run(texts, (stage, done, total) -> done == 0);
        int[] calls = {0};
        assertThatThrownBy(() -> profiler("hurt", small).run(texts, (stage, done, total) -> {
                    if (++calls[0] == 5) {
                        throw new IllegalStateException("power cut");
                    }
                    return true;
                }))
                .hasMessage("power cut");
        profiler("hurt", small).run(texts, Profiler.Listener.SILENT);
        assertThat(content("hurt")).isEqualTo(content("whole"));
    }

    @Test
    void texts_may_be_appended_but_not_changed() throws IOException {
        profiler("p").run(Texts.of(texts(10)), Profiler.Listener.SILENT);
        Profiler.Outcome more = profiler("p").run(Texts.of(texts(20)), Profiler.Listener.SILENT);
        assertThat(more.documents()).isEqualTo(20);
        profiler("q").run(Texts.of(texts(20)), Profiler.Listener.SILENT);
        assertThat(content("p").get(0)).isEqualTo(content("q").get(0));
        Path changed = texts(20);
        Files.writeString(changed, Files.readString(changed).replaceFirst("content\": \"", "content\": \"Well. "));
        assertThatThrownBy(() -> profiler("p").run(Texts.of(changed), Profiler.Listener.SILENT))
                .hasMessage("The texts are not those that the profile was started with.\n  profile:  "
                        + folder.resolve("p") + "\n  texts:    " + changed
                        + "\n  expected: 20 texts as before, possibly followed by more"
                        + "\n  try:      another name for the profile, or pintle sae profile --fresh");
        assertThatThrownBy(() -> new Profiler(
                                model, sae, HookPoint.residPost(2), folder.resolve("p"), ProfileSettings.usual())
                        .run(Texts.of(changed), Profiler.Listener.SILENT))
                .hasMessage("The profile is of something else.\n  file:     " + folder.resolve("p")
                        + "\n  what:     hookPoint\n  expected: blocks.2.hook_resid_post"
                        + "\n  but was:  blocks.3.hook_resid_post\n  try:      another name for the profile");
    }

    @Test
    void reading_ends_after_the_tokens_asked_for() throws IOException {
        Profiler.Outcome outcome = profiler("p", new ProfileSettings(256, 256, 4, 10, 4, false, 500))
                .run(Texts.of(texts(200)), Profiler.Listener.SILENT);
        assertThat(outcome.tokens()).isBetween(500L, 1000L);
        assertThat(outcome.finished()).isTrue();
    }

    // ---------------------------------------------------------------- texts

    @Test
    void lines_folders_and_conversations_are_texts() throws IOException {
        Path sub = Files.createDirectories(folder.resolve("all/b"));
        Files.writeString(folder.resolve("all/a.txt"), "one\ntext\n");
        Files.writeString(
                sub.resolve("c.jsonl"),
                "{\"text\": \"two\"}\n\n{\"messages\": [{\"role\": \"user\"," + " \"content\": \"three\"}]}\n");
        Files.writeString(folder.resolve("lines"), "one\n\n two\n");
        assertThat(contents(folder.resolve("all"))).containsExactly("one\ntext\n", "two", "user\nthree\n");
        assertThat(contents(folder.resolve("lines"))).containsExactly("one", " two");
        assertThat(Texts.embedded().orElseThrow().open().hasNext()).isTrue();
        Files.writeString(folder.resolve("bad.jsonl"), "{\"text\": \"fine\"}\n{\"texts\": 3}\n");
        assertThatThrownBy(() -> contents(folder.resolve("bad.jsonl")))
                .hasMessage("A line of the texts cannot be used.\n  file:     " + folder.resolve("bad.jsonl")
                        + "\n  line:     2\n  expected: {\"text\": \"…\"} or {\"messages\": [{\"role\": \"…\","
                        + " \"content\": \"…\"}]}\n  but was:  {\"texts\": 3}");
        assertThatThrownBy(() -> Texts.of(folder.resolve("absent")))
                .hasMessage("There are no such texts.\n  but was:  " + folder.resolve("absent")
                        + "\n  expected: a file with one text per line, a .jsonl file, or a folder of files");
    }

    private static List<String> contents(Path path) {
        List<String> contents = new ArrayList<>();
        try (Texts.Reading reading = Texts.of(path).open()) {
            while (reading.hasNext()) {
                contents.add(reading.next().content());
            }
        }
        return contents;
    }

    @Test
    void what_looks_like_a_special_token_in_a_text_is_text() {
        int[] ids = new Document.Plain("a<|eot_id|>b").tokens(model.text());
        assertThat(Arrays.stream(ids).skip(1).noneMatch(model.tokenizer()::isSpecial))
                .isTrue();
    }

    // ---------------------------------------------------------------- labels

    @Test
    void a_label_says_tokens_and_effects_and_a_model_may_say_it_better() throws IOException {
        profiler("p").run(Texts.of(texts(60)), Profiler.Listener.SILENT);
        Path file = folder.resolve("p");
        try (LatentProfile profile = LatentProfile.open(file)) {
            assertThat(profile.latent(691).label()).contains("promotes \"");
            assertThat(profile.labels().size()).isEqualTo(profile.alive()).isGreaterThan(500);
        }
        try (FakeService service = new FakeService()) {
            service.on(
                    "/v1/chat/completions",
                    FakeService.text("{\"choices\": [{\"message\": {\"content\": \"\\\"Pirate\\n speech.\\\"\"}}]}"));
            ChatEndpoint endpoint =
                    ChatEndpoint.of(service.address() + "/v1/", "some-model", Map.of("OPENAI_API_KEY", "secret"));
            Explainer.Outcome outcome = new Explainer(endpoint).run(file, List.of(146, 933), Profiler.Listener.SILENT);
            assertThat(outcome.labelled()).isEqualTo(2);
            assertThat(service.requests().get(0).authorization()).isEqualTo("Bearer secret");
            assertThat(service.requests().get(0).body()).contains("some-model", "<<", "Makes more probable");
            service.on("/v1/chat/completions", FakeService.status(500));
            outcome = new Explainer(endpoint).run(file, List.of(146, 0, 1, 2, 3), Profiler.Listener.SILENT);
            assertThat(outcome.failure()).contains("status 500");
            assertThat(service.requests()).hasSize(2 + 3);
        }
        try (LatentProfile profile = LatentProfile.open(file)) {
            assertThat(profile.latent(146).label()).isEqualTo("Pirate speech");
            assertThat(profile.latent(146).explained()).isTrue();
            assertThat(profile.explained()).isEqualTo(2);
        }
    }

    @Test
    void a_file_that_is_no_profile_is_refused() throws IOException {
        Files.writeString(folder.resolve("no"), "this is no database, ".repeat(100));
        assertThatThrownBy(() -> LatentProfile.open(folder.resolve("no")))
                .hasMessageStartingWith("The profile cannot be used.\n  file:  " + folder.resolve("no"));
        assertThatThrownBy(() -> LatentProfile.open(folder.resolve("absent")))
                .hasMessage("There is no such profile.\n  file: " + folder.resolve("absent")
                        + "\n  try:  pintle sae profile");
    }
}
