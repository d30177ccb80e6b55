package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pintle.chat.Message;
import dev.pintle.model.Decoding;
import dev.pintle.model.HookPoint;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.AfterLastDifference;
import dev.pintle.steering.ContrastPair;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.VectorLibrary;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VectorCommandTest {
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
                .startsWith("The file has no vector of that layer.\n  file:      " + own + "\n  asked for: layer 9\n");
    }

    @Test
    void what_is_missing_is_said_before_a_model_is_loaded() {
        assertThat(run("vector", "fit", "--layer", "3", "--json", "--model", "no such model"))
                .isEqualTo(1);
        assertThat(err).isEqualTo("""
                        A fit needs one source of contrasting prompts.
                          expected: --positive TEXT with --negative TEXT, or --pairs FILE, or --answers FILE
                        """);
        assertThat(fit("--layer", "3")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        The fitted vector would be lost.
                          missing: --out FILE or --save NAME, or --json for its record alone
                        """);
        assertThat(fit("--json")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        A fit needs to know after which block to read.
                          expected: --layer L or --all-layers
                          but was:  neither
                        """);
        assertThat(fit("--layer", "3", "--json", "--method", "guess")).isEqualTo(1);
        assertThat(err).isEqualTo("""
                        There is no such method.
                          but was: guess
                          choose:  all-positions, first-difference, after-last-difference, last-position, diff-mean, generated-tokens
                        """);
    }

    @Test
    void a_conversation_is_steered_by_name() throws IOException {
        VectorLibrary library = VectorLibrary.in(folder.resolve("vectors"));
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32)) {
            SteeringVector pirate = SteeringVector.fit(
                    model,
                    HookPoint.residPost(3),
                    AfterLastDifference.afterLastDifference(ContrastPair.ofSystemPrompts(PIRATE[5], PIRATE[7])));
            Path object = library.save("pirate", List.of(pirate));
            assertThat(library.save("again", List.of(pirate))).isEqualTo(object);
            assertThat(library.names()).containsExactly("again", "pirate");
            ChatSteering chat = new ChatSteering(model, library, List.of(), false);
            List<Message> messages = List.of(Message.user("Hello, how are you?"), Message.assistant("Fine."));
            Decoding greedy = Decoding.greedy(20);
            assertThat(said(chat, "/steer pirate 5abs", messages, greedy))
                    .isEqualTo("pirate is added at blocks.3.hook_resid_post: 0.459 activation norms (factor 5).\n");
            String both = said(chat, "/compare", messages, greedy);
            assertThat(both).startsWith("unsteered: ").contains("\nsteered:   ");
            assertThat(chat.view().chat("Hello, how are you?", greedy).ids())
                    .isNotEqualTo(model.chat("Hello, how are you?", greedy).ids());
            assertThat(said(chat, "/vectors", messages, greedy))
                    .isEqualTo(
                            "  pirate               added at blocks.3.hook_resid_post: 0.459 activation norms (factor 5)\n  again               \n");
            assertThat(said(chat, "/steer pirate 0", messages, greedy)).isEqualTo("pirate is off.\n");
            assertThat(chat.view()).isSameAs(model);
            assertThat(said(chat, "/steer bard 3", messages, greedy))
                    .isEqualTo(
                            "There is no such vector, neither a file nor a name.\n  but was:   bard\n  names:     again, pirate\n  looked in: "
                                    + library.folder() + "\n");
            assertThat(said(chat, "/steer pirate lots", messages, greedy)).isEqualTo("""
                            The strength cannot be read.
                              expected: a number in activation norms, such as 0.45, or a factor on the vector, such as 5abs
                              but was:  lots
                            """);
            assertThat(chat.handle("/other", messages, greedy, new PrintWriter(new StringWriter())))
                    .isFalse();
            Files.delete(object);
            assertThat(said(chat, "/steer pirate 5", messages, greedy))
                    .startsWith("The file of the named vector is gone.");
        }
    }

    private static String said(ChatSteering chat, String line, List<Message> messages, Decoding decoding) {
        StringWriter text = new StringWriter();
        assertThat(chat.handle(line, messages, decoding, new PrintWriter(text))).isTrue();
        return text.toString();
    }
}
