package dev.pintle.hub;

import io.github.cdimascio.dotenv.Dotenv;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** Environment variables, with a {@code .env} file as a fallback for those not set. */
public final class Variables {
    private Variables() {}

    /** The process's environment and the {@code .env} file in the working directory. */
    public static Map<String, String> ofProcess() {
        return of(System.getenv(), Path.of(""));
    }

    /**
     * Variables by name.
     *
     * @param environment takes precedence over the file
     * @param workingFolder the folder that may contain {@code .env}
     */
    public static Map<String, String> of(Map<String, String> environment, Path workingFolder) {
        Map<String, String> variables = new HashMap<>();
        // the library would otherwise search the class path as well
        if (Files.isRegularFile(workingFolder.resolve(".env"))) {
            Dotenv.configure()
                    .directory(workingFolder.toAbsolutePath().toString())
                    .ignoreIfMalformed() // the file may belong to another program and contain secrets
                    .load()
                    .entries(Dotenv.Filter.DECLARED_IN_ENV_FILE)
                    .forEach(entry -> variables.put(entry.getKey(), entry.getValue()));
        }
        variables.putAll(environment);
        return Collections.unmodifiableMap(variables);
    }
}
