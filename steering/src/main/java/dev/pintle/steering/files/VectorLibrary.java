package dev.pintle.steering.files;

import dev.pintle.base.AtomicFile;
import dev.pintle.base.Digest;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.steering.SteeringVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Steering vectors by name, in one of the user's folders. A name is a small file that holds the SHA-256 of a vector file, so
 * two names of one vector share its file, and reassigning a name loses nothing.
 */
public final class VectorLibrary {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private static final Duration LONGEST_WRITE = Duration.ofHours(1);

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
     * Keeps vectors under a name that is free, or that names these very vectors.
     *
     * @param vectors of one model and kind, each of another layer
     * @return the file that holds them
     * @throws IllegalArgumentException if the name has other characters than letters, digits, points, dashes, underscores
     * @throws PintleException if the name is another vector's
     */
    public Path save(String name, List<SteeringVector> vectors) {
        return save(name, vectors, false);
    }

    /**
     * Keeps vectors under a name.
     *
     * @param replaces whether to take the name from what it names; that vector's file stays
     * @return the file that holds them
     */
    public Path save(String name, List<SteeringVector> vectors, boolean replaces) {
        requireName(name, true);
        Path fresh = folder.resolve("objects").resolve("." + UUID.randomUUID() + ".safetensors");
        try {
            VectorFiles.write(vectors, fresh);
            String hash = new Digest().add(Files.readAllBytes(fresh)).hex();
            Path object = object(hash);
            if (!replaces && Files.exists(named(name)) && !hash.equals(hash(name))) {
                Files.delete(fresh);
                throw taken(name);
            }
            Files.move(fresh, object, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            point(name, hash);
            sweep();
            return object;
        } catch (IOException e) {
            throw unusable(name, e);
        }
    }

    /** Deletes partial files of writers that were killed. */
    private void sweep() throws IOException {
        Instant old = Instant.now().minus(LONGEST_WRITE);
        try (Stream<Path> files = Files.list(folder.resolve("objects"))) {
            for (Path file : files.filter(
                            path -> String.valueOf(path.getFileName()).startsWith("."))
                    .toList()) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(old)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException e) {
            // another process swept first
        }
    }

    /** Written beside and renamed, and on the disk before it is there, as the vector's own file is. */
    private void point(String name, String hash) throws IOException {
        Files.createDirectories(folder.resolve("names"));
        AtomicFile.writeText(named(name), hash + "\n");
    }

    /**
     * Checks that a name can be given.
     *
     * @param replaces whether a name that is another vector's will do
     * @throws IllegalArgumentException if the name has other characters than letters, digits, points, dashes, underscores
     * @throws PintleException if the name is taken
     */
    public void requireName(String name, boolean replaces) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.of("A vector cannot have that name.")
                    .fact(
                            "expected",
                            "up to 64 letters, digits, points, dashes and underscores, a letter or digit first")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
        if (!replaces && Files.exists(named(name))) {
            throw taken(name);
        }
    }

    private PintleException taken(String name) {
        return Problem.of("A vector of that name is kept already.")
                .fact("name", name)
                .fact("folder", folder)
                .fact("try", "another name, or --force, which gives the name away and keeps the other vector's file")
                .toException();
    }

    /**
     * Gives a vector another name.
     *
     * @param replaces whether to take the new name from what it names
     * @throws PintleException if there is no such name, or the new one is taken
     */
    public void rename(String from, String to, boolean replaces) {
        requireNamed(from);
        if (from.equals(to)) {
            return;
        }
        requireName(to, replaces);
        try {
            Files.move(named(from), named(to), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw unusable(from, e);
        }
    }

    /**
     * Removes a name; the vector's file stays.
     *
     * @return that file
     * @throws PintleException listing the names
     */
    public Path remove(String name) {
        requireNamed(name);
        try {
            Path object = object(hash(name));
            Files.delete(named(name));
            return object;
        } catch (IOException e) {
            throw unusable(name, e);
        }
    }

    /** @throws PintleException listing the names, if none is this one */
    public void requireNamed(String name) {
        if (!NAME.matcher(name).matches() || !Files.isRegularFile(named(name))) {
            throw missing(Problem.of("There is no vector of that name."), name);
        }
    }

    private PintleException missing(Problem problem, String name) {
        List<String> names = names();
        return problem.fact("but was", name)
                .fact("names", names.isEmpty() ? "none yet; pintle vector fit --save NAME" : String.join(", ", names))
                .fact("looked in", folder)
                .toException();
    }

    private Path named(String name) {
        return folder.resolve("names").resolve(name);
    }

    private Path object(String hash) {
        return folder.resolve("objects").resolve(hash + ".safetensors");
    }

    private String hash(String name) throws IOException {
        return Files.readString(named(name)).strip();
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
        if (!NAME.matcher(nameOrFile).matches() || !Files.isRegularFile(named(nameOrFile))) {
            throw missing(Problem.of("There is no such vector, neither a file nor a name."), nameOrFile);
        }
        try {
            String hash = hash(nameOrFile);
            Path object = object(hash);
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

    private PintleException unusable(String name, IOException e) {
        return Problem.of("The library of vectors cannot be used.")
                .fact("folder", folder)
                .fact("name", name)
                .fact("cause", e)
                .toException(e);
    }
}
