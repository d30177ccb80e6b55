package dev.pintle.hub;

import io.github.cdimascio.dotenv.Dotenv;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** The environment's variables, and those of a file {@code .env} where the environment has none of that name. */
public final class Variables {
    private Variables() {}

    /** The process's environment and the working folder's {@code .env}. */
    public static Map<String, String> ofProcess() {
        return of(System.getenv(), Path.of(""));
    }

    /**
     * Variables by name.
     *
     * @param environment wins over the file
     * @param workingFolder where {@code .env} may be
     */
    public static Map<String, String> of(Map<String, String> environment, Path workingFolder) {
        Map<String, String> variables = new HashMap<>();
        // the library would go on to look in the class path
        if (Files.isRegularFile(workingFolder.resolve(".env"))) {
            Dotenv.configure()
                    .directory(workingFolder.toAbsolutePath().toString())
                    .ignoreIfMalformed() // the file may be another program's, and its lines may be secret
                    .load()
                    .entries(Dotenv.Filter.DECLARED_IN_ENV_FILE)
                    .forEach(entry -> variables.put(entry.getKey(), entry.getValue()));
        }
        variables.putAll(environment);
        return Collections.unmodifiableMap(variables);
    }
}
