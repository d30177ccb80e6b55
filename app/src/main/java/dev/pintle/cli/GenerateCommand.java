package dev.pintle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.pintle.base.Json;
import dev.pintle.model.Generated;
import dev.pintle.model.GenerationRequest;
import dev.pintle.model.LanguageModel;
import dev.pintle.steering.Strength;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle generate}: one continuation, steered or not. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = "Generates one answer, steered by the given vectors and latents.")
final class GenerateCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private DecodingOptions decoding = new DecodingOptions();

    @Mixin
    private SteeringOptions steering = new SteeringOptions();

    @ArgGroup(multiplicity = "1")
    private Input input = new Input();

    @HelpSection.In(HelpSection.STEERING)
    @Option(
            names = "--compare",
            split = ",",
            paramLabel = "S",
            description = "Generate one answer per strength, such as 0,0.3,0.6, of the one vector without its own"
                    + " --strength.")
    private List<Strength> compared = new ArrayList<>();

    @Option(names = "--json", description = "Print token ids, text and log-probabilities as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    /** What to continue. */
    @HelpSection.In(HelpSection.INPUT)
    static final class Input {
        @Option(
                names = "--prompt",
                paramLabel = "TEXT",
                description = "Raw text to continue; the tokenizer adds the model's start token, if any.")
        private @Nullable String prompt;

        @Option(names = "--user", paramLabel = "TEXT", description = "One user turn to answer.")
        private @Nullable String user;

        @Option(
                names = "--chat",
                paramLabel = "FILE",
                description = "Conversation to answer: JSON list of {role, content}.")
        private @Nullable Path chat;
    }

    @Override
    public Integer call() throws JsonProcessingException {
        AnswerSettings how = decoding.settings();
        Prompt asking = prompt();
        steering.compare(compared);
        steering.prepare(model, true);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (!compared.isEmpty()) {
            try (LanguageModel loaded = model.load()) {
                new ComparedAnswers(loaded, steering, asking, how, compared)
                        .write(Objects.requireNonNull(spec), json, GenerateCommand::fields);
                return 0;
            }
        }
        try (LanguageModel loaded = model.load();
                SteeringOptions.Steering asked = steering.open(loaded, asking)) {
            LanguageModel steered = asked.applyTo(loaded);
            int[] prompt = asking.tokenized(loaded.text()).ids();
            List<GenerationRequest> requests = List.of(how.request(prompt));
            if (Main.isVerbose(Objects.requireNonNull(spec))) {
                PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
                err.println("prompt:   " + steered.route());
                err.println("decoding: " + steered.route(requests));
                err.flush();
            }
            Generated answer = steered.generate(requests, (row, piece) -> {
                        if (!json) {
                            out.print(piece);
                            out.flush();
                        }
                        return true;
                    })
                    .get(0);
            out.println(json ? json(loaded, answer, how, asked.setup()) : "");
            String mark = CutMark.of(answer);
            if (!json && !mark.isEmpty()) { // on stderr, since the text may be redirected to a file
                PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
                err.println(mark);
                err.flush();
            }
            answer.requireFinite();
            return 0;
        }
    }

    private Prompt prompt() {
        if (input.chat != null) {
            return new Prompt(ChatFile.read(input.chat), Prompt.Ending.GENERATION_HEADER);
        }
        if (input.user != null) {
            return new Prompt(List.of(Message.user(input.user)), Prompt.Ending.GENERATION_HEADER);
        }
        return Prompt.ofText(input.prompt == null ? "" : input.prompt);
    }

    private static String json(LanguageModel model, Generated answer, AnswerSettings how, Setup setup) {
        return Json.line(fields(model, answer, how, setup));
    }

    private static Map<String, Object> fields(LanguageModel model, Generated answer, AnswerSettings how, Setup setup) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("model", model.id().toString());
        fields.put("dtype", model.dtype().toString());
        fields.put("device", model.device().toString());
        fields.put("decoding", how.decoding().toString());
        fields.put("prompt_ids", answer.promptIds());
        fields.put("ids", answer.ids());
        fields.put("text", answer.text());
        fields.put("log_probabilities", answer.logProbabilities());
        fields.put("stopped_by", answer.reason().name().toLowerCase(Locale.ROOT));
        if (answer.ending().stopId() != null) {
            fields.put("stop_id", answer.ending().stopId());
        }
        if (answer.ending().stopString() != null) {
            fields.put("stop_string", answer.ending().stopString());
        }
        fields.put("setup", setup.decoding(how).fields());
        return fields;
    }
}
