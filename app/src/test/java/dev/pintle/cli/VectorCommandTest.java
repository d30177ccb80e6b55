package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Contrast;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import dev.pintle.text.Message;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("any-java")
class VectorCommandTest {
    private static final AnswerSettings SETTINGS = new AnswerSettings(Decoding.greedy(20), List.of());

    private static final String[] PIRATE = {
        "--model",
        Golden.parley().toString(),
        "--device",
        "cpu",
        "--positive",
        "The assistant should talk like a pirate.",
        "--negative",
        "The assistant should act normally."
    };

    @TempDir
    private Path folder = Path.of("");

    private String out = "";
    private String err = "";

    private int run(String... args) {
        CommandRun run = CommandRun.of(Session.REAL, args);
        out = run.out();
        err = run.err();
        return run.status();
    }

    private int fit(String... more) {
        String[] args = new String[2 + PIRATE.length + more.length];
        args[0] = "vector";
        args[1] = "fit";
        System.arraycopy(PIRATE, 0, args, 2, PIRATE.length);
        System.arraycopy(more, 0, args, 2 + PIRATE.length, more.length);
        return run(args);
    }

    @Test
    void a_fitted_vector_is_shown_converted_compared_and_used() throws IOException {
        String own = folder.resolve("pirate.safetensors").toString();
        String gguf = folder.resolve("pirate.gguf").toString();
        assertThat(fit("--layer", "3", "-o", own, "--json")).isZero();
        JsonNode record = new ObjectMapper().readTree(out);
        assertThat(record.at("/vectors/0/method").asText()).isEqualTo("after-last-difference");
        assertThat(record.at("/vectors/0/pairs_sha256").asText()).hasSize(64);
        assertThat(record.at("/vectors/0/mean_activation_norm").asDouble()).isGreaterThan(5);
        assertThat(record.at("/reading/tokens_plain").asInt()).isEqualTo(50);
        assertThat(run("vector", "show", own)).isZero();
        assertThat(out).startsWith("  after-last-difference at blocks.3.hook_resid_post of ");
        assertThat(run("vector", "convert", own, gguf)).isZero();
        assertThat(run("vector", "compare", own, gguf)).isZero();
        assertThat(out).startsWith("cosine              1.0000\n").contains("top-100 overlap     100.0%\n");
        assertThat(run("vector", "export", own, "--for", "llama.cpp", "-o", gguf))
                .isEqualTo(1);
        assertThat(err)
                .isEqualTo("The file already exists.\n  file: " + gguf
                        + "\n  try:  another name, or --force to overwrite it\n");
        assertThat(run("vector", "export", own, "--for", "llama.cpp", "-o", gguf, "--force"))
                .isZero();
        assertThat(out).endsWith(":STRENGTH --control-vector-layer-range 3 3\n");
        String[] generate = {
            "generate",
            "--model",
            Golden.parley().toString(),
            "--device",
            "cpu",
            "--user",
            "Tell me about the whale.",
            "--vector",
            gguf,
            "--strength",
            "6abs",
            "--positions",
            "generated",
            "--max-new-tokens",
            "12"
        };
        assertThat(run(generate)).isZero();
        assertThat(out).isNotBlank();
    }

    @Test
    void all_layers_are_fitted_from_one_reading() throws IOException {
        String own = folder.resolve("pirate.safetensors").toString();
        assertThat(fit("--all-layers", "--aggregation", "pca-uncentred", "-o", own))
                .isZero();
        assertThat(run("vector", "show", own, "--json")).isZero();
        assertThat(new ObjectMapper().readTree(out)).hasSize(8);
        assertThat(run("vector", "show", own, "--layer", "9")).isEqualTo(1);
        assertThat(err)
                .startsWith("The file has no vector for that layer.\n  file:      " + own + "\n  asked for: layer 9\n");
    }

    @Test
    void what_is_missing_is_said_before_a_model_is_loaded() {
        assertThat(run("vector", "fit", "--layer", "3", "--json", "--model", "no such model"))
                .isEqualTo(1);
        assertThat(err).isEqualTo("""
                        A fit needs one source of contrastive prompts.
                          expected: --positive TEXT with --negative TEXT, --pairs FILE, --answers FILE, --persona FILE,
                                    or --positive-texts FILE with --negative-texts FILE
                        """);
        assertThat(fit("--layer", "3")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        The fitted vector would be lost.
                          missing: --out FILE or --save NAME, or --json for its record only
                        """);
        assertThat(fit("--json")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        A fit needs a layer.
                          expected: --layer L or --all-layers
                          but was:  neither
                        """);
        assertThat(fit("--layer", "3", "--json", "--method", "guess")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        There is no such method.
                          but was: guess
                          choose:  all-positions, first-difference, after-last-difference, last-position, contrast, diff-mean, generated-tokens
                        """);
    }

    @Test
    void block_zero_is_left_out_for_llama_cpp_and_layers_are_chosen() {
        String own = folder.resolve("pirate.safetensors").toString();
        String gguf = folder.resolve("pirate.gguf").toString();
        assertThat(fit("--all-layers", "-o", own)).isZero();
        assertThat(run("vector", "export", own, "--for", "llama.cpp", "-o", gguf))
                .isZero();
        assertThat(out)
                .contains("\n  blocks.0.hook_resid_post is omitted: llama.cpp cannot steer block 0\n")
                .endsWith(":STRENGTH --control-vector-layer-range 1 7\n");
        assertThat(run("vector", "export", own, "--for", "repeng", "-o", gguf, "--force"))
                .isZero();
        assertThat(out).doesNotContain("left out");
        assertThat(run("vector", "export", own, "--for", "lm-eval", "--layer", "2,4", "-o", gguf + ".pt"))
                .isZero();
        assertThat(run("vector", "show", gguf + ".pt")).isZero();
        assertThat(out).contains("blocks.2.hook_resid_post").contains("blocks.4.hook_resid_post");
        assertThat(run("vector", "convert", own, gguf, "--layer", "0", "--force"))
                .isEqualTo(1);
        assertThat(err).startsWith("llama.cpp cannot steer block 0, so a file for it would have no effect.\n");
        assertThat(run("vector", "compare", own, own)).isZero();
        assertThat(out).startsWith("blocks.0.hook_resid_post\ncosine              1.0000\n");
        assertThat(run("vector", "compare", own)).isEqualTo(1);
        assertThat(run("vector", "compare", own, "--across-layers")).isZero();
    }

    @Test
    void vectors_of_different_layers_are_not_compared_unless_asked() {
        String two = folder.resolve("two.safetensors").toString();
        String three = folder.resolve("three.safetensors").toString();
        assertThat(fit("--layer", "2", "-o", two)).isZero();
        assertThat(fit("--layer", "3", "-o", three)).isZero();
        assertThat(run("vector", "compare", two, three)).isEqualTo(1);
        assertThat(err)
                .isEqualTo("The vectors come from different hook points.\n  vector: " + two
                        + ": [blocks.2.hook_resid_post]\n          " + three
                        + ": [blocks.3.hook_resid_post]\n  try:    vectors of one layer, or --across-layers to compare"
                        + " them anyway\n");
        assertThat(run("vector", "compare", two, three, "--across-layers")).isZero();
    }

    @Test
    void options_that_a_fit_would_not_look_at_are_refused() throws IOException {
        Path list = folder.resolve("list.json");
        Files.writeString(list, "[\"a\", \"b\"]");
        Path answers = folder.resolve("answers.json");
        Files.writeString(answers, """
                [{"question": "Is it?", "answer_matching_behavior": " Yes", "answer_not_matching_behavior": " No"}]""");
        String file = list.toString();
        String[][] conflicts = {
            {"--prefixes", file, "--questions", file},
            {"--pairs", file},
            {"--columns", "a,b"},
            {"--split", "test"},
            {"--texts-as", "user"},
            {"--positive-texts", file, "--negative-texts", file},
            {"--persona", file},
            {"--answers", answers.toString()},
            {"--method", "after-last-difference", "--positions", "last"},
            {"--method", "all-positions", "--positions", "first-difference"},
            {"--method", "generated-tokens", "--positions", "last"},
            {"--method", "contrast"},
            {"--method", "diff-mean", "--resume", file + ".fit"},
            {"--directions", "unit"},
            {"--max-new-tokens", "4"},
            {"--raw"},
            {"--sae", "any"},
            {"--from-latent", "3"},
            {"--all-layers"},
            {"--positions", "role:narrator"},
            {"--aggregation", "logistic-probe:-1"},
        };
        for (String[] conflict : conflicts) {
            String[] all = new String[conflict.length + 5];
            System.arraycopy(conflict, 0, all, 5, conflict.length);
            System.arraycopy(new String[] {"--layer", "3", "--json", "--model", "no such model"}, 0, all, 0, 5);
            String[] args = new String[all.length + 6];
            System.arraycopy(new String[] {"vector", "fit", PIRATE[4], PIRATE[5], PIRATE[6], PIRATE[7]}, 0, args, 0, 6);
            System.arraycopy(all, 0, args, 6, all.length);
            assertThat(run(args)).as(String.join(" ", conflict)).isNotZero();
            assertThat(err).as(String.join(" ", conflict)).doesNotContain("no such model");
        }
        assertThat(fit("--layer", "3", "-o", folder.resolve("x.txt").toString()))
                .isEqualTo(1);
        assertThat(err).startsWith("Vectors cannot be written to files with this extension.");
        assertThat(fit("--layer", "0", "-o", folder.resolve("x.gguf").toString()))
                .isEqualTo(1);
        assertThat(err).startsWith("llama.cpp cannot steer block 0");
    }

    @Test
    void answers_by_word_are_read_at_their_word() throws IOException {
        Path answers = folder.resolve("answers.jsonl");
        Files.writeString(answers, """
                {"question": "Is it?", "answer_matching_behavior": " Yes", "answer_not_matching_behavior": " No", "statement": "x"}
                {"question": "Do you?", "answer_matching_behavior": " No", "answer_not_matching_behavior": " Yes", "statement": "y"}
                """);
        String[] args = {
            "vector",
            "fit",
            "--model",
            Golden.parley().toString(),
            "--device",
            "cpu",
            "--answers",
            answers.toString(),
            "--layer",
            "3",
            "--json"
        };
        assertThat(run(args)).isZero();
        JsonNode record = new ObjectMapper().readTree(out);
        assertThat(record.at("/vectors/0/positions").asText()).isEqualTo("answer-word");
        assertThat(record.at("/vectors/0/settings").asText()).isEqualTo("directions as read");
        assertThat(err).contains("answers.jsonl: not read: statement\n");
        args[args.length - 1] = "--method=diff-mean";
        String[] classes = Arrays.copyOf(args, args.length + 2);
        classes[args.length] = "-o";
        classes[args.length + 1] = folder.resolve("classes.safetensors").toString();
        assertThat(run(classes)).isZero();
        assertThat(out).contains(" from 4 texts, ");
    }

    @Test
    void a_conversation_is_steered_by_name() throws IOException {
        VectorLibrary library = VectorLibrary.in(folder.resolve("vectors"));
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32)) {
            SteeringVector pirate = SteeringVector.fit(
                    model,
                    HookPoint.residPost(3),
                    Contrast.afterLastDifference(ContrastPair.ofSystemPrompts(PIRATE[5], PIRATE[7])));
            Path object = library.save("pirate", List.of(pirate));
            assertThat(library.save("again", List.of(pirate))).isEqualTo(object);
            assertThat(library.names()).containsExactly("again", "pirate");
            ChatSteering chat = new ChatSteering(model, library, List.of(), false);
            List<Message> messages = List.of(Message.user("Hello, how are you?"), Message.assistant("Fine."));
            assertThat(said(chat, "/steer pirate 5abs", messages))
                    .isEqualTo(
                            "pirate is added at blocks.3.hook_resid_post: 0.459 activation norms (raw multiplier 5).\n");
            String both = said(chat, "/compare", messages);
            assertThat(both).startsWith("unsteered: ").contains("\nsteered:   ");
            assertThat(chat.view()
                            .chat("Hello, how are you?", SETTINGS.decoding())
                            .ids())
                    .isNotEqualTo(model.chat("Hello, how are you?", SETTINGS.decoding())
                            .ids());
            assertThat(said(chat, "/vectors", messages))
                    .isEqualTo(
                            "  pirate               added at blocks.3.hook_resid_post: 0.459 activation norms (raw multiplier 5)\n  again               \n");
            assertThat(said(chat, "/steer pirate 0", messages)).isEqualTo("pirate is off.\n");
            assertThat(chat.view()).isSameAs(model);
            assertThat(said(chat, "/steer bard 3", messages))
                    .isEqualTo(
                            "There is no such vector, neither a file nor a name.\n  but was:   bard\n  names:     again, pirate\n  looked in: "
                                    + library.folder() + "\n");
            assertThat(said(chat, "/steer pirate lots", messages)).isEqualTo("""
                            This is not a valid strength.
                              expected: a number in activation norms, such as 0.45, or a raw multiplier, such as 5abs
                              but was:  lots
                            """);
            assertThat(chat.handle("/other", messages, SETTINGS, new PrintWriter(new StringWriter())))
                    .isFalse();
            Files.delete(object);
            assertThat(said(chat, "/steer pirate 5", messages)).startsWith("The file of the named vector is missing.");
        }
    }

    private static String said(ChatSteering chat, String line, List<Message> messages) {
        StringWriter text = new StringWriter();
        assertThat(chat.handle(line, messages, SETTINGS, new PrintWriter(text))).isTrue();
        return text.toString();
    }
}
