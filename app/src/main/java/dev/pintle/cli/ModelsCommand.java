package dev.pintle.cli;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Json;
import dev.pintle.base.Problem;
import dev.pintle.base.Sizes;
import dev.pintle.base.Visible;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelStore;
import dev.pintle.library.KnownModel;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Engine;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pintle models}: the models on this machine. */
@Command(
        name = "models",
        mixinStandardHelpOptions = true,
        description = {
            "Lists the models on this machine by the names that --model takes: the embedded one, and those in the"
                    + " Hugging Face cache, of Ollama, of LM Studio and of llama.cpp.",
            "Says whether each can be loaded, and what memory it takes on a CPU."
        })
final class ModelsCommand implements Callable<Integer> {
    @Option(
            names = "--dtype",
            paramLabel = "DTYPE",
            completionCandidates = Candidates.Dtypes.class,
            defaultValue = "fp32",
            description = "Dtype to reckon memory for: fp32, bf16 or fp16 (default: ${DEFAULT-VALUE}).")
    private String dtype = "fp32";

    @Option(
            names = "--context",
            paramLabel = "TOKENS",
            defaultValue = "4096",
            description = "Tokens whose keys and values are counted (default: ${DEFAULT-VALUE}).")
    private int context;

    @Option(names = "--json", description = "Print the list as JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        HubSettings settings = Session.of(command).hub();
        if (context < 1) {
            throw Problem.of("An option is out of range.")
                    .fact("option", "--context")
                    .fact("expected", "1 or more tokens")
                    .fact("but was", context)
                    .toIllegalArgument();
        }
        Room room = new Room(DType.parse(dtype, DType.MODELS), context, Engine.availableMemory());
        List<KnownModel> models = Session.library(command).models();
        if (json) {
            print(models, room, settings, out);
        } else {
            table(models, room, places(settings), out);
            out.println("cache: " + settings.cache());
        }
        return 0;
    }

    /**
     * What a model has to fit into.
     *
     * @param tokens in the context
     * @param available bytes; empty where the system does not tell
     */
    private record Room(DType dtype, int tokens, OptionalLong available) {
        OptionalLong needs(KnownModel model) {
            return needs(model, dtype);
        }

        private OptionalLong needs(KnownModel model, DType in) {
            OptionalLong weights = model.weightBytes(in);
            return weights.isEmpty()
                    ? weights
                    : OptionalLong.of(
                            weights.getAsLong() + model.keyBytes(in, tokens).orElse(0));
        }

        boolean holds(KnownModel model, DType in) {
            OptionalLong needed = needs(model, in);
            return needed.isEmpty() || available.isEmpty() || needed.getAsLong() <= available.getAsLong();
        }

        /** Whether it runs here, in words. */
        String says(KnownModel model) {
            Problem obstacle = model.obstacle();
            if (obstacle != null) {
                return "no: " + reason(obstacle);
            }
            if (model.family().isEmpty()) {
                return "no model";
            }
            if (!model.complete()) {
                return "incomplete: pintle pull "
                        + (model.staysInFile() ? model.name() : model.name() + "@" + model.revision());
            }
            if (holds(model, dtype)) {
                return "yes";
            }
            if (model.staysInFile()) {
                return "slowly: larger than the memory available, so that weights are read from the disk again";
            }
            return holds(model, DType.BF16) ? "yes, with --dtype bf16" : "no: it does not fit in the memory available";
        }

        boolean runs(KnownModel model) {
            return model.isSupported() && model.complete() && holds(model, dtype);
        }
    }

    /** A problem on one line: its sentence, and what was found. */
    private static String reason(Problem problem) {
        List<String> found = new ArrayList<>();
        for (String label : List.of("general.architecture", "key", "keys", "quant_method", "but was", "cause")) {
            problem.facts()
                    .getOrDefault(label, List.of())
                    .forEach(value -> found.add(label + ": " + Excerpt.of(value)));
        }
        String sentence = problem.sentence();
        return found.isEmpty() ? sentence : sentence.replaceFirst("\\.$", "") + " (" + String.join(", ", found) + ")";
    }

    // ---------------------------------------------------------------- as a table

    /** The folders of those who keep models, as far as they are there. */
    private static Map<String, String> places(HubSettings settings) {
        Map<String, String> places = new HashMap<>();
        places.put("Hugging Face", settings.cache().toString());
        for (ModelStore store : ModelStore.all(settings)) {
            places.put(
                    store.program(),
                    store.folders().stream()
                            .filter(Files::isDirectory)
                            .map(Path::toString)
                            .collect(Collectors.joining(", ")));
        }
        return places;
    }

    private static void table(List<KnownModel> models, Room room, Map<String, String> places, PrintWriter out) {
        List<String[]> cells = new ArrayList<>();
        cells.add(new String[] {"model", "family", "format", "size", "memory", "runs"});
        for (KnownModel model : models) {
            OptionalLong needs = room.needs(model);
            cells.add(new String[] {
                Visible.text(model.name()),
                dash(Excerpt.of(model.family())),
                dash(Excerpt.of(model.format())),
                model.bytes() == 0 ? "-" : Sizes.text(model.bytes()),
                needs.isEmpty() ? "-" : Sizes.text(needs.getAsLong()),
                room.says(model)
            });
        }
        int[] widths = new int[5];
        for (String[] row : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        String row = String.format(
                Locale.ROOT,
                "  %%-%ds  %%-%ds  %%-%ds  %%%ds  %%%ds  %%s%%n",
                widths[0],
                widths[1],
                widths[2],
                widths[3],
                widths[4]);
        out.printf(Locale.ROOT, row, (Object[]) cells.get(0));
        String keeper = "";
        for (int i = 0; i < models.size(); i++) {
            if (!models.get(i).keeper().equals(keeper)) {
                keeper = models.get(i).keeper();
                out.println(places.containsKey(keeper) ? keeper + ": " + places.get(keeper) : keeper);
            }
            out.printf(Locale.ROOT, row, (Object[]) cells.get(i + 1));
        }
        out.printf(
                Locale.ROOT,
                "memory: weights, and keys and values of %,d tokens, in %s on a CPU%s%n",
                room.tokens(),
                room.dtype(),
                room.available().isPresent()
                        ? "; available: " + Sizes.text(room.available().getAsLong())
                        : "");
    }

    private static String dash(String text) {
        return text.isEmpty() ? "-" : text;
    }

    // ---------------------------------------------------------------- as JSON

    private static void print(List<KnownModel> models, Room room, HubSettings settings, PrintWriter out) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("models", models.stream().map(model -> fields(model, room)).toList());
        Setup setup = Setup.withoutModel()
                .with("cache", settings.cache().toString())
                .with("dtype", room.dtype().toString())
                .with("context", room.tokens());
        if (room.available().isPresent()) {
            setup.with("available_bytes", room.available().getAsLong());
        }
        fields.put("setup", setup.fields());
        out.println(Json.text(fields));
    }

    private static Map<String, Object> fields(KnownModel model, Room room) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", model.name());
        fields.put("keeper", model.keeper());
        fields.put("revision", model.revision().isEmpty() ? null : model.revision());
        fields.put("refs", model.refs());
        fields.put("bytes", model.bytes());
        fields.put("family", model.family().isEmpty() ? null : model.family());
        fields.put("format", model.format().isEmpty() ? null : model.format());
        fields.put("supported", model.isSupported());
        fields.put("complete", model.complete());
        fields.put("runs", room.runs(model));
        Problem obstacle = model.obstacle();
        fields.put("why_not", obstacle == null ? null : reason(obstacle));
        OptionalLong weights = model.weightBytes(room.dtype());
        OptionalLong keys = model.keyBytes(room.dtype(), room.tokens());
        fields.put("weight_bytes", weights.isPresent() ? weights.getAsLong() : null);
        fields.put("key_value_bytes", keys.isPresent() ? keys.getAsLong() : null);
        fields.put("folder", model.folder().toString());
        return fields;
    }
}
