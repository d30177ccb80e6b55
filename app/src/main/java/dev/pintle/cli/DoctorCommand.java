package dev.pintle.cli;

import dev.pintle.base.Cause;
import dev.pintle.base.PintleException;
import dev.pintle.hub.HubSettings;
import dev.pintle.hub.ModelFolders;
import dev.pintle.model.LanguageModel;
import dev.pintle.study.RunManifest;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code pintle doctor}: the environment that Pintle runs in, and its problems. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Shows the environment that Pintle runs in, and any problems with it.")
final class DoctorCommand implements Callable<Integer> {
    private static final Pattern CPU_FEATURES =
            Pattern.compile("avx2|avx512f|avx512_bf16|amx_bf16|amx_tile|fma|neon|asimd|bf16");

    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+");

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<String> troubles = new ArrayList<>();
        line(out, "Pintle", RunManifest.version());
        line(
                out,
                "Java",
                System.getProperty("java.version") + ", " + System.getProperty("java.vendor") + ", "
                        + System.getProperty("java.home"));
        line(
                out,
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                        + System.getProperty("os.arch"));
        line(out, "CPU", Runtime.getRuntime().availableProcessors() + " cores" + cpuFeatures());
        line(out, "memory", memory());
        line(out, "disk", disk(Path.of("").toAbsolutePath()));
        engine(out, troubles);
        line(out, "native cache", Engine.nativeCacheFolder());
        hub(out, troubles);
        for (String name : List.of("GOODFIRE_API_KEY", "NEURONPEDIA_API_KEY")) {
            line(out, name, isSet(name) ? "set" : "not set");
        }
        model(out, troubles);
        if (!"passive".equalsIgnoreCase(System.getenv("OMP_WAIT_POLICY"))) {
            troubles.add("OMP_WAIT_POLICY is not passive: libtorch's threads spin while they wait, which can make small"
                    + " operations 50 times slower. Start Pintle with ./pintle, or set OMP_WAIT_POLICY=passive.");
        }
        out.println();
        troubles.forEach(trouble -> out.println("! " + trouble));
        out.println(troubles.isEmpty() ? "No problems found." : troubles.size() + " problem(s) found.");
        return troubles.isEmpty() ? 0 : 1;
    }

    private static void line(PrintWriter out, String label, String value) {
        out.printf(Locale.ROOT, "%-20s %s%n", label, value);
    }

    private static void engine(PrintWriter out, List<String> troubles) {
        try {
            line(
                    out,
                    "libtorch",
                    Engine.version() + ", " + Engine.cpuCapability() + ", " + Engine.threads() + " threads");
            line(out, "GPU", Engine.gpu());
        } catch (PintleException | LinkageError e) {
            troubles.add(String.valueOf(e.getMessage()));
        }
    }

    private void hub(PrintWriter out, List<String> troubles) {
        try {
            HubSettings settings = Session.of(Objects.requireNonNull(spec)).hub();
            line(out, "model cache", settings.cache().toString());
            line(out, "hub", settings.endpoint() + (settings.offline() ? ", offline" : ""));
            line(out, "hub token", settings.token().toString());
        } catch (PintleException | IllegalArgumentException e) {
            troubles.add(String.valueOf(e.getMessage()));
        }
    }

    private static void model(PrintWriter out, List<String> troubles) {
        try {
            line(out, "embedded model", ModelFolders.embedded().toString());
            Device device = Engine.cudaAvailable() ? Device.cuda(0) : Device.CPU;
            DType dtype = device.equals(Device.CPU) ? DType.FP32 : DType.BF16;
            try (LanguageModel model = LanguageModel.load(ModelFolders.EMBEDDED, device, dtype)) {
                line(out, "  prompts", model.route() + " (" + dtype + ")");
                line(out, "  decoding", model.route(List.of()) + " (" + dtype + ")");
            }
        } catch (PintleException e) {
            troubles.add(String.valueOf(e.getMessage()));
        }
    }

    private static String cpuFeatures() {
        try {
            Set<String> found = new TreeSet<>();
            for (String text : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
                if (text.startsWith("flags") || text.startsWith("Features")) {
                    for (String flag : WHITE_SPACE.split(text, -1)) {
                        if (CPU_FEATURES.matcher(flag).matches()) {
                            found.add(flag);
                        }
                    }
                }
            }
            return found.isEmpty() ? "" : ", " + String.join(" ", found);
        } catch (IOException e) {
            return ""; // only Linux has this file
        }
    }

    private static String memory() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system) {
            return gib(system.getTotalMemorySize()) + " GiB, " + gib(system.getFreeMemorySize())
                    + " GiB free; Java heap up to " + gib(Runtime.getRuntime().maxMemory()) + " GiB";
        }
        return "Java heap up to " + gib(Runtime.getRuntime().maxMemory()) + " GiB";
    }

    private static String disk(Path folder) {
        try {
            FileStore store = Files.getFileStore(folder);
            return gib(store.getUsableSpace()) + " GiB free at " + folder;
        } catch (IOException e) {
            return "unknown: " + Cause.words(e);
        }
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f", bytes / (double) (1L << 30));
    }

    private static boolean isSet(String variable) {
        String value = System.getenv(variable);
        return value != null && !value.isBlank();
    }
}
