package dev.pintle.cli;

import dev.pintle.base.Json;
import dev.pintle.base.JsonLists;
import dev.pintle.model.LanguageModel;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.text.Message;
import dev.pintle.text.Prompt;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.RunOptions.Logits;
import dev.pintle.transformer.TokenBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle capture}: activations and logits of one prompt, written to a safetensors file. */
@Command(
        name = "capture",
        mixinStandardHelpOptions = true,
        description = "Captures one prompt's activations at hook points, and its logits, in a safetensors file.",
        footer = {
            "",
            "Tensors are named by hook point, such as blocks.3.hook_resid_post [tokens, dModel] or hook_embed; ids and"
                    + " logits are stored next to them. The metadata gives model, revision and dtype.",
            "Inside blocks: attn.hook_q [tokens, nHeads, dHead], attn.hook_k and attn.hook_v [tokens, nKvHeads, dHead],"
                    + " attn.hook_pattern [nHeads, tokens, tokens], attn.hook_z [tokens, nHeads, dHead], mlp.hook_pre"
                    + " and mlp.hook_post [tokens, dMlp]. After the last block: ln_final.hook_normalized [tokens, dModel]."
        })
final class CaptureCommand implements Callable<Integer> {
    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SteerOption steering = new SteerOption();

    @ArgGroup(multiplicity = "1")
    private Input input = new Input();

    @Option(
            names = "--at",
            paramLabel = "PATTERN",
            description = "Hook points to capture; * matches anything (default: blocks.*.hook_resid_post, or none with"
                    + " --logits).")
    private List<String> patterns = new ArrayList<>();

    @Option(names = "--layers", paramLabel = "LIST", description = "Only these layers, such as 3,5-7.")
    private @Nullable String layers;

    @Option(
            names = "--logits",
            paramLabel = "all|last",
            description = "Capture logits too: of every position, or of the last only.")
    private @Nullable Logits logits;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "Output file (.safetensors).")
    private Path out = Path.of("activations.safetensors");

    @Spec
    private @Nullable CommandSpec spec;

    /** What to run. */
    @HelpSection.In(HelpSection.INPUT)
    static final class Input {
        @Option(names = "--ids", paramLabel = "FILE", description = "JSON list of token ids.")
        private @Nullable Path ids;

        @Option(
                names = "--prompt",
                paramLabel = "TEXT",
                description = "Raw text; the tokenizer adds the model's start token, if any.")
        private @Nullable String prompt;

        @Option(
                names = "--chat",
                paramLabel = "FILE",
                description = "Conversation: JSON list of {role, content}, rendered up to the answer.")
        private @Nullable Path chat;
    }

    @Override
    public Integer call() {
        OutputFile.require(out, ".safetensors");
        int[] given = input.ids == null ? new int[0] : JsonLists.ints(input.ids);
        List<Message> messages = input.chat == null ? List.of() : ChatFile.read(input.chat);
        OptionalInt blocks = model.blocks();
        if (blocks.isPresent()) {
            points(HookPointChoice.usualPlaces(blocks.getAsInt()), blocks.getAsInt());
        }
        steering.prepare();
        try (LanguageModel loaded = model.load();
                SteerOption.Opened steered = steering.open(loaded, model.library(), prompt(messages))) {
            Set<HookPoint> points = points(loaded.hookPoints(), loaded.config().nLayers());
            int[] ids = ids(loaded, given, messages);
            Logits which = logits == null ? Logits.NONE : logits;
            try (TensorScope scope = TensorScope.open("capture")) {
                Run run = loaded.with(steered.interventions())
                        .run(TokenBatch.of(ids), RunOptions.reading(points).withLogits(which));
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                tensors.put("ids", Tensor.of(ids, ids.length));
                points.forEach(point -> tensors.put(point.toString(), run.row(point, 0)));
                if (which != Logits.NONE) {
                    tensors.put("logits", run.logits().select(0, 0));
                }
                SafeTensors.write(out, tensors, metadata(loaded, steered));
                Objects.requireNonNull(spec)
                        .commandLine()
                        .getOut()
                        .printf("%s: %d tensors, %d tokens, %s%n", out, tensors.size(), ids.length, loaded.id());
            }
            return 0;
        }
    }

    /** The prompt, whose tokens may be given by role if it is a conversation; null for token ids. */
    private @Nullable Prompt prompt(List<Message> messages) {
        if (input.ids != null) {
            return null;
        }
        return input.chat != null
                ? new Prompt(messages, Prompt.Ending.GENERATION_HEADER)
                : Prompt.ofText(input.prompt == null ? "" : input.prompt);
    }

    private static Map<String, String> metadata(LanguageModel loaded, SteerOption.Opened steered) {
        Setup setup = Setup.of(loaded);
        if (!steered.facts().isEmpty()) {
            setup.with("steering", steered.facts());
        }
        return new TreeMap<>(Map.of(
                "model", loaded.id().name(),
                "revision", loaded.id().revision(),
                "dtype", loaded.dtype().toString(),
                "device", loaded.device().toString(),
                "setup", Json.text(setup.fields()),
                "format", "pt"));
    }

    private int[] ids(LanguageModel loaded, int[] given, List<Message> messages) {
        if (input.ids != null) {
            return given;
        }
        return input.chat != null
                ? loaded.chatTokens(messages)
                : loaded.tokenizer().encode(input.prompt == null ? "" : input.prompt);
    }

    private Set<HookPoint> points(Set<HookPoint> all, int nLayers) {
        List<String> wanted = !patterns.isEmpty()
                ? patterns
                : logits == null || layers != null ? List.of("blocks.*.hook_resid_post") : List.of();
        return HookPointChoice.of(all, nLayers, wanted, layers);
    }
}
