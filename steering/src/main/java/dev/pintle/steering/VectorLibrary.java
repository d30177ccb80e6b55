package dev.pintle.steering;

import dev.pintle.problem.PintleException;
import dev.pintle.problem.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Steering vectors by name, in a folder of the user's. A name is a small file that holds the SHA-256 of a vector file beside
 * it, so that two names of one vector share its file, and giving a name to another vector loses nothing.
 */
public final class VectorLibrary {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final Path folder;

    private VectorLibrary(Path folder) {
        this.folder = folder;
    }

    /** A library in a folder, which is made when the first vector is saved. */
    public static VectorLibrary in(Path folder) {
        return new VectorLibrary(folder);
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /**
     * Keeps vectors under a name, which no longer names what it did before.
     *
     * @param vectors of one model and kind, each of another layer
     * @return the file that holds them
     * @throws IllegalArgumentException if the name has other characters than letters, digits, points, dashes, underscores
     */
    public Path save(String name, List<SteeringVector> vectors) {
        requireName(name);
        Path fresh = folder.resolve("objects").resolve("." + UUID.randomUUID() + ".safetensors");
        try {
            VectorFiles.write(vectors, fresh);
            String hash = new Digest().add(Files.readAllBytes(fresh)).hex();
            Path object = folder.resolve("objects").resolve(hash + ".safetensors");
            Files.move(fresh, object, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            Path names = Files.createDirectories(folder.resolve("names"));
            Path named = names.resolve("." + UUID.randomUUID());
            Files.writeString(named, hash + "\n");
            Files.move(named, names.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return object;
        } catch (IOException e) {
            throw unusable(name, e);
        }
    }

    /** The names, sorted. */
    public List<String> names() {
        Path names = folder.resolve("names");
        if (!Files.isDirectory(names)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(names)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> NAME.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw unusable("all", e);
        }
    }

    /**
     * The file of a name, or the file itself where there is one of that path.
     *
     * @throws PintleException listing the names
     */
    public Path find(String nameOrFile) {
        Path file = Path.of(nameOrFile);
        if (Files.isRegularFile(file)) {
            return file;
        }
        Path named = folder.resolve("names").resolve(nameOrFile);
        if (!NAME.matcher(nameOrFile).matches() || !Files.isRegularFile(named)) {
            List<String> names = names();
            throw Problem.of("There is no such vector, neither a file nor a name.")
                    .fact("but was", nameOrFile)
                    .fact(
                            "names",
                            names.isEmpty() ? "none yet; pintle vector fit --save NAME" : String.join(", ", names))
                    .fact("looked in", folder)
                    .toException();
        }
        try {
            String hash = Files.readString(named).strip();
            Path object = folder.resolve("objects").resolve(hash + ".safetensors");
            if (!HASH.matcher(hash).matches() || !Files.isRegularFile(object)) {
                throw Problem.of("The file of the named vector is gone.")
                        .fact("name", nameOrFile)
                        .fact("expected", object)
                        .toException();
            }
            return object;
        } catch (IOException e) {
            throw unusable(nameOrFile, e);
        }
    }

    private static void requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.of("A vector cannot have that name.")
                    .fact(
                            "expected",
                            "up to 64 letters, digits, points, dashes and underscores, a letter or digit first")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
    }

    private PintleException unusable(String name, IOException e) {
        return Problem.of("The library of vectors cannot be used.")
                .fact("folder", folder)
                .fact("name", name)
                .fact("cause", e)
                .toException(e);
    }
}
