package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.text.ChatOptions;
import dev.pintle.text.Message;
import dev.pintle.text.SpecialTokens;
import dev.pintle.text.Token;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle chat}: a conversation at the terminal, steered or not. */
@Command(
        name = "chat",
        mixinStandardHelpOptions = true,
        description = "Chats with a model in the terminal, steered by the given vectors and latents.",
        footerHeading = "%nIn the conversation%n",
        footer = {
            "  /help           list these commands",
            "  /system TEXT    set the system prompt and start over",
            "  /reset          start over",
            "  /tokens         tokens of the conversation so far",
            "  /steer NAME S   add a vector, by name or file, at a",
            "                  strength in activation norms (0.45) or",
            "                  as a raw multiplier (5abs); 0 removes it",
            "  /vectors        active vectors, and saved ones",
            "  /compare TEXT   answer TEXT, or the last question,",
            "                  with and without steering",
            "  /quit           exit, as Ctrl-D does",
            "  Ctrl-C          stop the answer",
            "A line that ends in \\ continues on the next one."
        })
final class ChatCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private DecodingOptions decoding = new DecodingOptions();

    @Mixin
    private SteeringOptions steering = new SteeringOptions();

    @Option(names = "--system", paramLabel = "TEXT", description = "System prompt.")
    private @Nullable String system;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        AnswerSettings how = decoding.settings();
        steering.prepare(model, false);
        try (LanguageModel loaded = model.load();
                SteeringOptions.Steering asked = steering.open(loaded);
                Terminal terminal =
                        TerminalBuilder.builder().system(true).dumb(true).build()) {
            PrintWriter out = Screen.on(terminal.writer());
            ChatSteering steered = new ChatSteering(
                    loaded,
                    Session.library(Objects.requireNonNull(spec)).vectors(),
                    asked.interventions(),
                    steering.force());
            AtomicBoolean stop = new AtomicBoolean();
            terminal.handle(Terminal.Signal.INT, signal -> stop.set(true));
            banner(loaded, out);
            converse(
                    steered,
                    how,
                    reader(
                            terminal,
                            Session.library(Objects.requireNonNull(spec)).folder()),
                    out,
                    stop);
            return 0;
        }
    }

    private static void banner(LanguageModel model, PrintWriter out) {
        out.println(model.id() + ", " + model.dtype() + " on " + model.device());
        out.println("Type /help for the commands, Ctrl-D to exit.");
        out.flush();
    }

    /** @param folder where the input history is kept */
    static LineReader reader(Terminal terminal, Path folder) {
        DefaultParser parser = new DefaultParser();
        parser.setEscapeChars(new char[0]); // input is plain text, not shell syntax
        parser.setQuoteChars(new char[0]);
        return LineReaderBuilder.builder()
                .terminal(terminal)
                .parser(parser)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .variable(LineReader.HISTORY_FILE, history(folder))
                .build();
    }

    private static Path history(Path folder) {
        Path file = folder.resolve("chat-history");
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            // then the history lasts only as long as this conversation
        }
        return file;
    }

    /** Reads one input, which ends at the first line without a trailing backslash. */
    static String read(LineReader reader) {
        StringBuilder text = new StringBuilder();
        String line = reader.readLine("> ");
        while (line.endsWith("\\")) {
            text.append(line, 0, line.length() - 1).append('\n');
            line = reader.readLine(". ");
        }
        return text.append(line).toString().strip();
    }

    /** Reads and executes lines until the user exits. */
    void converse(ChatSteering steered, AnswerSettings how, LineReader reader, PrintWriter out, AtomicBoolean stop) {
        List<Message> messages = beginning(system);
        while (true) {
            String line;
            try {
                line = read(reader);
            } catch (UserInterruptException e) {
                continue;
            } catch (EndOfFileException e) {
                return;
            }
            if (line.isEmpty()) {
                continue;
            }
            if (line.equals("/quit")) {
                return;
            }
            if (line.equals("/help")) {
                for (String command :
                        Objects.requireNonNull(spec).usageMessage().footer()) {
                    out.println(command);
                }
            } else if (line.equals("/reset")) {
                messages = beginning(system);
                out.println("Conversation reset" + (system == null ? "." : "; the system prompt is kept."));
            } else if (line.equals("/system")) {
                out.println(system == null ? "No system prompt is set; /system TEXT sets one." : system);
            } else if (line.startsWith("/system ")) {
                system = line.substring("/system ".length()).strip();
                messages = beginning(system);
                out.println("System prompt set; conversation reset.");
            } else if (line.equals("/tokens")) {
                TokenLines.print(tokens(steered.view(), messages), out);
            } else if (steered.handle(line, messages, how, out)) {
                out.flush();
            } else if (line.startsWith("/")) {
                out.println("There is no command " + line.split("\\s", 2)[0] + "; /help lists the commands.");
            } else {
                messages.add(Message.user(line));
                messages.add(Message.assistant(answer(steered.view(), how, messages, out, stop)));
            }
            out.flush();
        }
    }

    private static List<Token> tokens(LanguageModel model, List<Message> messages) {
        return messages.isEmpty()
                ? List.of()
                : model.tokenizer()
                        .tokens(
                                model.chatTemplate().render(messages, ChatOptions.forAnswer()),
                                SpecialTokens.NONE); // what the model would read before its next answer
    }

    private static List<Message> beginning(@Nullable String system) {
        List<Message> messages = new ArrayList<>();
        if (system != null) {
            messages.add(Message.system(system));
        }
        return messages;
    }

    private static String answer(
            LanguageModel steered, AnswerSettings how, List<Message> messages, PrintWriter out, AtomicBoolean stop) {
        stop.set(false);
        GenerationRequest request = how.request(steered.chatTokens(messages));
        Generated answer = steered.generate(List.of(request), (row, piece) -> {
                    out.print(piece);
                    out.flush();
                    return !stop.get();
                })
                .get(0);
        String mark = CutMark.of(answer);
        out.println(mark.isEmpty() ? "" : " " + mark);
        Problem problem = answer.ending().problem();
        if (problem != null) {
            out.println(problem);
        }
        return answer.text();
    }
}
