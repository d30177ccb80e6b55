package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.pintle.base.Json;
import dev.pintle.model.Fingerprint;
import dev.pintle.text.ChatOptions;
import dev.pintle.text.ChatTemplate;
import dev.pintle.text.SpecialTokens;
import dev.pintle.text.Token;
import dev.pintle.text.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pintle tokens}: a text as the model sees it. */
@Command(
        name = "tokens",
        mixinStandardHelpOptions = true,
        description = "Shows the tokens of a text or conversation: ids and pieces. Loads no weights.")
final class TokensCommand implements Callable<Integer> {
    @Mixin
    private ModelChoice model = new ModelChoice();

    @ArgGroup(multiplicity = "1")
    private Input input = new Input();

    @Option(names = "--json", description = "Print id, text and span of every token as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    /** What to tokenise. */
    @HelpSection.In(HelpSection.INPUT)
    static final class Input {
        @Parameters(paramLabel = "TEXT", description = "Raw text; the tokenizer adds the model's start token, if any.")
        private @Nullable String text;

        @Option(
                names = "--chat",
                paramLabel = "FILE",
                description = "Conversation: JSON list of {role, content}, rendered up to the answer.")
        private @Nullable Path chat;
    }

    private ChatTemplate template(Path folder) {
        return model.chatTemplate()
                .map(other -> ChatTemplate.load(folder, other))
                .orElseGet(() -> ChatTemplate.load(folder));
    }

    @Override
    public Integer call() throws JsonProcessingException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        Path folder = model.textFolder();
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            List<Token> tokens = input.chat != null
                    ? tokenizer.tokens(
                            template(folder).render(ChatFile.read(input.chat), ChatOptions.forAnswer()),
                            SpecialTokens.NONE) // the chat template writes its own
                    : tokenizer.tokens(input.text == null ? "" : input.text, SpecialTokens.ADD);
            if (json) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("tokens", tokens.stream().map(TokenLines::fields).toList());
                fields.put(
                        "setup",
                        Setup.withoutModel()
                                .with("model", model.name())
                                .with("tokenizer", Fingerprint.ofContent(folder.resolve("tokenizer.json")))
                                .fields());
                out.println(Json.line(fields));
            } else {
                TokenLines.print(tokens, out);
            }
            return 0;
        }
    }
}
