package dev.pintle.sae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pintle.model.LanguageModel;
import dev.pintle.sae.corpus.Texts;
import dev.pintle.sae.profile.LatentProfile;
import dev.pintle.sae.profile.ProfileSettings;
import dev.pintle.sae.profile.Profiler;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.TensorScope;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.text.TokenizedPrompt;
import dev.pintle.text.Tokenizer;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts start as in the training, with a model whose tokenizer, like GPT-2's, adds no BOS token. */
class TrainingTokensTest {
    private static final TrainingTokens WITH_BOS = new TrainingTokens(true, 128, "");
    private static final HookPoint AT = HookPoint.residPost(3);

    @TempDir
    private static Path folder = Path.of("");

    private static LanguageModel model;
    private static Path text;

    @BeforeAll
    static void withoutBos() throws IOException {
        Path place = Files.createDirectory(folder.resolve("parley"));
        try (Stream<Path> files = Files.list(Golden.parley())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, place.resolve(file.getFileName()));
            }
        }
        Path tokenizer = place.resolve("tokenizer.json");
        String json = Files.readString(tokenizer);
        int from = json.indexOf("\"post_processor\"");
        int to = json.indexOf("\"decoder\"", from);
        Files.writeString(tokenizer, json.substring(0, from) + "\"post_processor\": null, " + json.substring(to));
        model = LanguageModel.load(place.toString(), Device.CPU, DType.FP32);
        text = Files.writeString(folder.resolve("text.txt"), "The whale sings to the moon.\n");
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static SparseAutoencoder parley(TrainingTokens trainedOn) {
        SparseAutoencoder sae = SparseAutoencoder.load(Golden.parley().resolve("parley-7m-sae-l3.pth"), Device.CPU);
        SaeOrigin origin = sae.origin();
        TensorScope owner = TensorScope.owner("test");
        return new SparseAutoencoder(
                new SaeOrigin(
                        origin.name(), origin.path(), origin.format(), AT, "", origin.model(), List.of(), trainedOn),
                sae.weights(),
                sae.gate(),
                owner);
    }

    @Test
    void a_start_is_missing_only_where_the_training_had_one_and_the_text_has_none() {
        Tokenizer tokenizer = model.tokenizer();
        int bos = tokenizer.bosId().orElseThrow();
        int[] ids = tokenizer.encode("The whale");
        assertThat(ids[0]).isNotEqualTo(bos);
        assertThat(WITH_BOS.started(ids, tokenizer)).startsWith(bos, ids[0]).hasSize(ids.length + 1);
        assertThat(WITH_BOS.missingStart(new int[] {bos, ids[0]}, tokenizer)).isEmpty();
        assertThat(TrainingTokens.UNKNOWN.missingStart(ids, tokenizer)).isEmpty();
        assertThat(new TrainingTokens(false, 0, "").missingStart(ids, tokenizer))
                .isEmpty();
        TokenizedPrompt plain = Prompt.ofText("The whale").tokenized(model.text());
        assertThat(WITH_BOS.started(plain, tokenizer).ids()).startsWith(bos).hasSize(plain.length() + 1);
        TokenizedPrompt chat =
                Prompt.ofMessages(List.of(Message.user("The whale"))).tokenized(model.text());
        assertThat(WITH_BOS.started(chat, tokenizer)).isSameAs(chat); // the template writes its own
        assertThatThrownBy(() -> chat.after(bos)).hasMessageContaining("before plain text");
    }

    @Test
    void a_check_reads_texts_after_bos_and_judges_all_but_that() throws IOException {
        double left = new SaeCheck(model, parley(TrainingTokens.UNKNOWN), AT)
                .run(Texts.of(text), 100)
                .numbers()
                .varianceExplained();
        try (LanguageModel usual = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32)) {
            SaeCheck.Report expected = new SaeCheck(usual, parley(TrainingTokens.UNKNOWN), AT).run(Texts.of(text), 100);
            SaeCheck.Report report = new SaeCheck(model, parley(WITH_BOS), AT).run(Texts.of(text), 100);
            assertThat(report.tokens()).isEqualTo(expected.tokens());
            assertThat(report.numbers()).isEqualTo(expected.numbers());
            assertThat(left).isNotEqualTo(report.numbers().varianceExplained());
        }
    }

    @Test
    @Tag("slow")
    void a_profile_reads_texts_after_bos_and_does_not_go_on_with_one_that_did_not() {
        Path file = folder.resolve("profile.sqlite");
        ProfileSettings settings = ProfileSettings.usual();
        Profiler.Listener untilEffects = (stage, done, total) -> !stage.equals("effects");
        new Profiler(model, parley(WITH_BOS), AT, file, settings).run(Texts.of(text), untilEffects);
        try (LatentProfile profile = LatentProfile.open(file)) {
            assertThat(profile.tokens()).isEqualTo(model.tokenizer().encode("The whale sings to the moon.").length);
        }
        Profiler other = new Profiler(model, parley(TrainingTokens.UNKNOWN), AT, file, settings);
        assertThatThrownBy(() -> other.run(Texts.of(text), Profiler.Listener.SILENT))
                .hasMessageContaining("The profile is of something else.")
                .hasMessageContaining("as tokenized")
                .hasMessageContaining("<|begin_of_text|>");
    }
}
