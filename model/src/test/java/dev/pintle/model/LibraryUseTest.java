package dev.pintle.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Engine;
import dev.pintle.testkit.ChildJvm;
import dev.pintle.testkit.Golden;
import dev.pintle.testkit.Soak;
import dev.pintle.text.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Generating as a user of the library does, in a JVM with none of the launcher's flags. */
class LibraryUseTest {
    private static final int ANSWERS = Soak.times(200, 3000);
    private static final Pattern STATE = Pattern.compile("(\\d+) answers, (\\d+) kB, (-?\\d+) objects, (\\d+) files");

    @Test
    @Tag("slow")
    void a_bf16_model_answers_the_same_while_the_garbage_collector_runs_all_the_time() {
        ChildJvm child = ChildJvm.run(
                Answers.class,
                List.of("-Xmx192m", "-XX:+UseSerialGC"), // collects in the thread that asks, one time after the other
                Map.of(),
                300,
                Golden.parley().toString(),
                "15",
                "collect");
        assertThat(child.output()).contains("15 answers");
        assertThat(child.status()).isZero();
    }

    @Test
    @Tag("slow")
    void hundreds_of_answers_leave_memory_and_handles_where_they_were() {
        ChildJvm child = ChildJvm.run(
                Answers.class,
                List.of("-Xmx256m", "-Xms256m", "-XX:+AlwaysPreTouch"), // so that a heap that grows does not count
                Map.of(),
                600,
                Golden.parley().toString(),
                String.valueOf(ANSWERS),
                "soak");
        assertThat(child.status()).as(child.output()).isZero();
        Matcher states = STATE.matcher(child.output());
        assertThat(states.find()).isTrue();
        long[] warm = numbers(states);
        long[] last = warm;
        while (states.find()) {
            last = numbers(states);
        }
        assertThat(last[0]).isEqualTo(ANSWERS);
        assertThat(last[1]).as("resident kB").isLessThan(warm[1] + 40_000);
        assertThat(last[2]).as("native objects").isLessThan(warm[2] + 200);
        assertThat(last[3]).as("open files").isLessThan(warm[3] + 10);
    }

    private static long[] numbers(Matcher state) {
        return new long[] {
            Long.parseLong(state.group(1)),
            Long.parseLong(state.group(2)),
            Long.parseLong(state.group(3)),
            Long.parseLong(state.group(4))
        };
    }

    /** Answers questions in BF16; each batch of them must repeat. */
    static final class Answers {
        private Answers() {}

        public static void main(String[] arguments) throws IOException {
            int count = Integer.parseInt(arguments[1]);
            boolean collects = arguments[2].equals("collect");
            try (LanguageModel model = LanguageModel.load(arguments[0], Device.CPU, DType.BF16)) {
                int[] prompt = model.chatTokens(List.of(Message.user("Tell me about the whale.")));
                List<GenerationRequest> requests = List.of(
                        GenerationRequest.of(prompt, Decoding.greedy(4)),
                        GenerationRequest.of(prompt, Decoding.sample(4, 1, 3)));
                for (int i = 0; i < 3; i++) { // after which weights are packed
                    model.generate(requests, GenerationListener.SILENT);
                }
                List<Generated> expected = model.generate(requests, GenerationListener.SILENT);
                if (collects) {
                    Thread collector = new Thread(Answers::collect);
                    collector.setDaemon(true);
                    collector.start();
                }
                for (int i = 1; i <= count; i++) {
                    List<Generated> again = model.generate(requests, GenerationListener.SILENT);
                    for (int row = 0; row < expected.size(); row++) {
                        if (!Arrays.equals(
                                expected.get(row).ids(), again.get(row).ids())) {
                            throw new IllegalStateException("Answer " + i + " differs in row " + row + ".");
                        }
                    }
                    if (i % 50 == 0 || i == count) {
                        System.gc();
                        System.out.printf(
                                "%d answers, %d kB, %d objects, %d files%n",
                                i, residentKilobytes(), Engine.nativeObjects(), openFiles());
                    }
                }
            }
        }

        private static void collect() {
            while (true) {
                byte[][] garbage = new byte[64][];
                Arrays.setAll(garbage, i -> new byte[1 << 14]);
                System.gc();
            }
        }

        private static long residentKilobytes() throws IOException {
            Path status = Path.of("/proc/self/status");
            if (!Files.exists(status)) {
                return 0;
            }
            try (Stream<String> lines = Files.lines(status)) {
                return lines.filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElse(0);
            }
        }

        private static long openFiles() throws IOException {
            Path open = Path.of("/proc/self/fd");
            if (!Files.exists(open)) {
                return 0;
            }
            try (Stream<Path> files = Files.list(open)) {
                return files.count();
            }
        }
    }
}
