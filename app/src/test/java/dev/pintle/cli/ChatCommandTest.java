package dev.pintle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.model.Decoding;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.files.VectorLibrary;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.testkit.Golden;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ChatCommandTest {
    @TempDir
    Path folder = Path.of("");

    private String said(int tokens, String... lines) throws IOException {
        return said(new AnswerSettings(Decoding.greedy(tokens), List.of()), lines);
    }

    private String said(AnswerSettings settings, String... lines) throws IOException {
        ByteArrayInputStream typed =
                new ByteArrayInputStream((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
        StringWriter out = new StringWriter();
        ChatCommand chat = new ChatCommand();
        assertThat(new CommandLine(chat).getCommandName())
                .isEqualTo("chat"); // fills in what the command knows of itself
        try (LanguageModel model = LanguageModel.load(Golden.parley().toString(), Device.CPU, DType.FP32);
                Terminal terminal = TerminalBuilder.builder()
                        .system(false)
                        .streams(typed, new ByteArrayOutputStream())
                        .type("dumb")
                        .build()) {
            ChatSteering steering =
                    new ChatSteering(model, VectorLibrary.in(folder.resolve("vectors")), List.of(), false);
            chat.converse(
                    steering,
                    settings,
                    ChatCommand.reader(terminal, folder),
                    new PrintWriter(out),
                    new AtomicBoolean());
        }
        return out.toString();
    }

    @Test
    void the_conversation_says_what_its_commands_did() throws IOException {
        assertThat(said(5, "/system", "/system Be glad.", "/system", "/reset", "/nonsense at all", "/quit"))
                .isEqualTo("""
                        No system prompt is set; /system TEXT sets one.
                        System prompt set; conversation reset.
                        Be glad.
                        Conversation reset; the system prompt is kept.
                        There is no command /nonsense; /help lists the commands.
                        """);
        assertThat(said(5, "/help", "/quit")).contains("/steer NAME S", "/compare TEXT", "Ctrl-C");
    }

    @Test
    void a_cut_answer_is_marked_and_a_whole_one_is_not() throws IOException {
        assertThat(said(3, "Hello, how are you?", "/quit"))
                .endsWith(" [cut after 3 tokens; --max-new-tokens N allows more]\n");
        assertThat(said(100, "Hello, how are you?", "/quit")).doesNotContain("[");
    }

    @Test
    void a_stop_string_ends_answers_and_comparisons() throws IOException {
        AnswerSettings settings = new AnswerSettings(Decoding.greedy(100), List.of("thank you"));
        assertThat(said(settings, "Hello, how are you?", "/compare", "/quit")).isEqualTo("""
                        I am well,\s
                        unsteered: I am well,\s
                        steered:   I am well,\s
                        """);
    }
}
