package dev.pintle.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A program in a JVM of its own with the tests' classes, started as a user of the library would: with none of the flags that the
 * launcher sets.
 *
 * @param status how it exited; 128 and more when a signal ended it
 * @param output what it wrote
 */
public record ChildJvm(int status, String output) {
    /**
     * Runs {@code main} to its end.
     *
     * @param flags for the JVM
     * @param variables of the environment, beside those of this process
     * @throws IllegalStateException if it is still running after {@code seconds}
     */
    public static ChildJvm run(
            Class<?> main, List<String> flags, Map<String, String> variables, long seconds, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("OMP_WAIT_POLICY", "passive");
            builder.environment().putAll(variables);
            Path log = java.nio.file.Files.createTempFile("child", ".log");
            try {
                Process process = builder.redirectOutput(log.toFile()).start();
                if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                    throw new IllegalStateException("Still running after " + seconds + " s:\n" + text(log));
                }
                return new ChildJvm(process.exitValue(), text(log));
            } finally {
                java.nio.file.Files.deleteIfExists(log);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String text(Path log) throws IOException {
        return new String(java.nio.file.Files.readAllBytes(log), StandardCharsets.UTF_8);
    }
}
