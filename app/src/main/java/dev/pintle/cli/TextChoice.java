package dev.pintle.cli;

import dev.pintle.base.Problem;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The text whose activations a command reads. */
@HelpSection.In(HelpSection.INPUT)
final class TextChoice {
    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "Raw text; the tokenizer adds the model's start token, if any.")
    private @Nullable String prompt;

    @Option(names = "--user", paramLabel = "TEXT", description = "One user turn, rendered up to the answer.")
    private @Nullable String user;

    @Option(
            names = "--chat",
            paramLabel = "FILE",
            description =
                    "Conversation: JSON list of {role, content}; a last assistant message is left open at its end.")
    private @Nullable Path chat;

    /**
     * The text, if one is given.
     *
     * @throws IllegalArgumentException if there are several
     */
    Optional<Prompt> given() {
        if (Stream.of(prompt, user, chat).filter(java.util.Objects::nonNull).count() > 1) {
            throw Problem.of("There is more than one text.")
                    .fact("expected", "--prompt TEXT, --user TEXT or --chat FILE")
                    .toIllegalArgument();
        }
        if (prompt != null) {
            return Optional.of(Prompt.ofText(prompt));
        }
        if (user != null) {
            return Optional.of(Prompt.ofMessages(List.of(Message.user(user))));
        }
        return chat == null ? Optional.empty() : Optional.of(Prompt.ofMessages(ChatFile.read(chat)));
    }

    /** @throws IllegalArgumentException if there is none, or several */
    Prompt required() {
        return given().orElseThrow(() -> Problem.of("There is no text to read.")
                .fact("expected", "--prompt TEXT, --user TEXT or --chat FILE")
                .toIllegalArgument());
    }
}
