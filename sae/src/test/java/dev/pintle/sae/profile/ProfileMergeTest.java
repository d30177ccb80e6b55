package dev.pintle.sae.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Part;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileMergeTest {
    private static final HookPoint AT = HookPoint.residPost(3);
    private static final ProfileSettings SETTINGS = new ProfileSettings(64, 512, 4, 6, 3, false, 0);
    private static final int PARTS = 7;
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

    private Texts texts(int count) throws IOException {
        List<String> all = Files.readAllLines(Golden.parley().resolve("texts.jsonl"));
        return Texts.of(Files.write(folder.resolve(count + ".jsonl"), all.subList(0, count)));
    }

    /** Texts of many characters and few tokens, so that a small collection has a block for each part. */
    private Texts longTexts() throws IOException {
        List<String> real =
                Files.readAllLines(Golden.parley().resolve("texts.jsonl")).subList(0, 60);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            StringBuilder words = new StringBuilder();
            for (int word = 0; word < 36; word++) {
                words.append(' ').append("x".repeat(19 + (i + word * word) % 6)); // each a token of its own
            }
            lines.add("{\"text\": \"" + words + "\"}");
            if (i % 2 == 0) {
                lines.add(real.get(i / 2));
            }
        }
        return Texts.of(Files.write(folder.resolve("long.jsonl"), lines));
    }

    private Path file(String name) {
        return folder.resolve(name + ".sqlite");
    }

    private Path profiled(String name, Texts texts, Part part) {
        profiler(name, part).run(texts, Profiler.Listener.SILENT);
        return file(name);
    }

    private Profiler profiler(String name, Part part) {
        return new Profiler(model, sae, AT, file(name), SETTINGS, part);
    }

    /** All rows of all tables of a profile. */
    private static List<String> content(Path file) {
        List<String> content = new ArrayList<>();
        try (ProfileStore store = ProfileStore.open(file)) {
            content.add(store.facts().toString());
            store.tallies(1000)
                    .forEach((latent, tally) ->
                            content.add(latent + " " + HexFormat.of().formatHex(TallyBytes.of(tally))));
            content.add(new TreeMap<>(store.pieces()).toString());
            content.add(new TreeMap<>(store.counts()).toString());
            content.add(store.explanations().toString());
            for (int latent = 0; latent < 1024; latent++) {
                content.add(store.effects(latent)
                        .map(effects -> HexFormat.of().formatHex(effects.bytes()))
                        .orElse("none"));
            }
        }
        return content;
    }

    @Test
    @Tag("slow")
    void parts_merge_into_the_profile_of_one_pass() throws IOException {
        Texts texts = longTexts();
        Path whole = profiled("whole", texts, Part.WHOLE);
        List<Path> parts = new ArrayList<>();
        for (int k = 1; k <= PARTS; k++) {
            Part part = new Part(k, PARTS);
            if (k == 2) { // stopped after each batch, and once killed between two checkpoints
                int[] calls = {0};
                assertThat(profiler("part2", part)
                                .run(texts, (stage, done, total) -> ++calls[0] < 4)
                                .finished())
                        .isFalse();
                assertThatThrownBy(() -> profiler("part2", part).run(texts, (stage, done, total) -> {
                            if (++calls[0] == 8) {
                                throw new IllegalStateException("power cut");
                            }
                            return true;
                        }))
                        .hasMessage("power cut");
                assertThatThrownBy(() -> ProfileMerge.merge(List.of(file("part2")), file("early")))
                        .hasMessageStartingWith("A part is not finished.\n  file:        " + file("part2")
                                + "\n  part:        2/7\n  read so far: ");
            }
            parts.add(profiled("part" + k, texts, part));
            try (LatentProfile profile = LatentProfile.open(parts.get(k - 1))) {
                assertThat(profile.tokens()).as("tokens of part %d", k).isPositive();
            }
        }
        ProfileMerge.Merged merged = ProfileMerge.merge(parts, file("merged"));
        assertThat(merged.missing()).isEmpty();
        assertThat(merged.documents()).isEqualTo(180);
        assertThat(content(file("merged"))).isEqualTo(content(whole));

        // in another order and step by step
        ProfileMerge.Merged some = ProfileMerge.merge(List.of(parts.get(2), parts.get(0)), file("some"));
        assertThat(some.missing()).containsExactly(2, 4, 5, 6, 7);
        try (LatentProfile profile = LatentProfile.open(file("some"))) {
            assertThat(profile.part()).contains("1,3/7");
        }
        assertThatThrownBy(() -> ProfileMerge.merge(List.of(file("some"), parts.get(2)), file("twice")))
                .hasMessage("A part occurs twice.\n  part:   3/7\n  in:     " + file("some") + "\n  and in: "
                        + file("part3"));
        List<Path> others = new ArrayList<>(List.of(parts.get(6), file("some"), parts.get(1)));
        others.addAll(parts.subList(3, 6));
        ProfileMerge.merge(others, file("again"));
        assertThat(content(file("again"))).isEqualTo(content(whole));

        // a merged profile is one like any other: it goes on, and the parts do not
        profiled("again", texts, Part.WHOLE);
        assertThat(content(file("again"))).isEqualTo(content(whole));
        assertThatThrownBy(() -> profiled("part2", texts, Part.WHOLE))
                .hasMessage("The profile is of something else.\n  file:     " + file("part2")
                        + "\n  what:     part\n  expected: 1/1\n  but was:  2/7"
                        + "\n  try:      another name for the profile");
        assertThatThrownBy(() -> profiled("whole", texts, new Part(1, 3)))
                .hasMessageContaining("what:     part\n  expected: 1/3\n  but was:  1/1");
        assertThatThrownBy(() -> ProfileMerge.merge(List.of(whole), file("twice")))
                .hasMessage("The profile is not of a part of a collection.\n  file:     " + whole
                        + "\n  expected: profiles made with pintle sae profile --part K/N");
        assertThat(file("twice")).doesNotExist();
    }

    @Test
    void parts_of_other_texts_or_settings_do_not_merge() throws IOException {
        Path one = profiled("one", texts(4), new Part(1, 2));
        Path other = profiled("other", texts(5), new Part(2, 2));
        assertThatThrownBy(() -> ProfileMerge.merge(List.of(one, other), file("merged")))
                .hasMessageStartingWith(
                        "The profiles are not of parts of the same texts.\n  what:            the texts that were read"
                                + "\n  in one.sqlite:   4 texts, hash ");
        Path third = profiled("third", texts(4), new Part(2, 3));
        assertThatThrownBy(() -> ProfileMerge.merge(List.of(one, third), file("merged")))
                .hasMessage("The profiles are not parts of one profile.\n  what:            part"
                        + "\n  in one.sqlite:   of 2\n  in third.sqlite: of 3");
        assertThatThrownBy(() -> new Profiler(model, sae, AT, one, SETTINGS.upTo(100), new Part(1, 2)))
                .hasMessage("A part of a collection cannot end after a number of tokens.\n  part:   1/2"
                        + "\n  tokens: 100\n  why:    a part does not know how many tokens the others have counted"
                        + "\n  try:    fewer texts");
        assertThatThrownBy(() -> Part.parse("8/7"))
                .hasMessage("That is not a part of a collection.\n  expected: K/N with K from 1 to N, such as 3/7"
                        + "\n  but was:  8/7");
        assertThat(Part.parse("3/7")).isEqualTo(new Part(3, 7)).hasToString("3/7");
    }

    @Test
    void a_profile_by_an_earlier_version_opens_and_goes_on_only_afresh() throws IOException {
        Path old = file("old");
        try (var from = ProfileMergeTest.class.getResourceAsStream("/dev/pintle/older/profile-layout-1.sqlite")) {
            Files.copy(Objects.requireNonNull(from), old);
        }
        try (ProfileStore store = ProfileStore.open(old)) {
            store.setFacts(Map.of("model", model.id().toString())); // wherever this checkout is
        }
        try (LatentProfile profile = LatentProfile.open(old)) {
            assertThat(profile.tokens()).isEqualTo(80);
            assertThat(profile.alive()).isEqualTo(31);
            LatentFacts facts = profile.latent(profile.rows().get(0).latent());
            assertThat(facts.fires()).isPositive();
            assertThat(facts.tokens()).isNotEmpty();
            assertThat(facts.contexts()).isNotEmpty();
            assertThat(facts.mean()).isPositive();
        }
        ProfileSettings roles = ProfileSettings.usual().withRoles(ProfileSettings.roles(List.of()));
        Profiler profiler = new Profiler(model, sae, AT, old, roles);
        assertThatThrownBy(() -> profiler.run(texts(3), Profiler.Listener.SILENT))
                .hasMessage(
                        "The profile was begun by an earlier version of Pintle, and cannot go on.\n  profile: " + old
                                + "\n  why:     what it has counted depends on the order of the texts; now nothing does"
                                + "\n  try:     pintle sae profile --fresh, or another name for the profile");
        assertThat(profiler.run(texts(2), Profiler.Listener.SILENT).finished()).isTrue();
        assertThatThrownBy(() -> ProfileMerge.merge(List.of(old), file("merged")))
                .hasMessage("A profile by an earlier version of Pintle cannot be merged.\n  file: " + old
                        + "\n  try:  making it again");
    }
}
