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
 * Steering vectors by name, in a folder of the user's. A name is a small file that contains the SHA-256 of a vector
 * file, so several names of a vector share its file, and reassigning a name loses nothing.
 */
public final class VectorLibrary {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private static final Duration LONGEST_WRITE = Duration.ofHours(1);

    private final Path folder;

    private VectorLibrary(Path folder) {
        this.folder = folder;
    }

    /** A library in a folder, which is created when the first vector is saved. */
    public static VectorLibrary in(Path folder) {
        return new VectorLibrary(folder);
    }

    /** The library's folder. */
    public Path folder() {
        return folder;
    }

    /**
     * Saves vectors under a name that is free, or that already refers to the same vectors.
     *
     * @param vectors vectors of one model, each at a different hook point
     * @return the file that contains them
     * @throws IllegalArgumentException if the name contains anything but letters, digits, dots, dashes and underscores
     * @throws PintleException if the name belongs to another vector
     */
    public Path save(String name, List<SteeringVector> vectors) {
        return save(name, vectors, false);
    }

    /**
     * Saves vectors under a name.
     *
     * @param replaces whether to reassign a name that is taken; the other vector's file stays
     * @return the file that contains them
     */
    public Path save(String name, List<SteeringVector> vectors, boolean replaces) {
        requireName(name, true);
        Path fresh = fresh();
        try {
            VectorFiles.write(vectors, fresh);
            String hash = new Digest().add(Files.readAllBytes(fresh)).hex();
            if (!replaces && Files.exists(named(name)) && !hash.equals(hash(name))) {
                Files.delete(fresh);
                throw taken(name);
            }
            Path object = kept(fresh, hash);
            point(name, hash);
            return object;
        } catch (IOException e) {
            throw unusable(name, e);
        }
    }

    /**
     * Keeps vectors without a name. The same vectors have the same hash.
     *
     * @param vectors vectors of one model, each at a different hook point
     * @return the hash of their file
     */
    public String keep(List<SteeringVector> vectors) {
        Path fresh = fresh();
        try {
            VectorFiles.write(vectors, fresh);
            String hash = new Digest().add(Files.readAllBytes(fresh)).hex();
            kept(fresh, hash);
            return hash;
        } catch (IOException e) {
            throw unusable("without a name", e);
        }
    }

    private Path fresh() {
        return folder.resolve("objects").resolve("." + UUID.randomUUID() + ".safetensors");
    }

    private Path kept(Path fresh, String hash) throws IOException {
        Path object = object(hash);
        Files.move(fresh, object, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sweep();
        return object;
    }

    /**
     * Gives a name to vectors that are kept, or moves it to them.
     *
     * @param hash of their file
     * @throws PintleException if no such vectors are kept
     */
    public void assign(String name, String hash) {
        requireName(name, true);
        ofHash(hash);
        try {
            point(name, hash);
        } catch (IOException e) {
            throw unusable(name, e);
        }
    }

    /**
     * The file of a hash.
     *
     * @throws PintleException if no such vectors are kept
     */
    public Path ofHash(String hash) {
        if (!HASH.matcher(hash).matches() || !Files.isRegularFile(object(hash))) {
            throw Problem.of("No vectors with this hash are kept.")
                    .fact("expected", "the SHA-256 of a kept file, 64 hexadecimal digits")
                    .fact("but was", hash)
                    .toException();
        }
        return object(hash);
    }

    /**
     * The hash that a name stands for.
     *
     * @throws PintleException listing the names if there is none like this
     */
    public String hashOf(String name) {
        requireNamed(name);
        try {
            return hash(name);
        } catch (IOException e) {
            throw unusable(name, e);
        }
    }

    /** The hashes of all vectors that are kept, sorted. */
    public List<String> hashes() {
        Path objects = folder.resolve("objects");
        if (!Files.isDirectory(objects)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(objects)) {
            return files.map(file -> String.valueOf(file.getFileName()).replace(".safetensors", ""))
                    .filter(name -> HASH.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw unusable("all", e);
        }
    }

    /**
     * Deletes vectors that have no name.
     *
     * @param hash of their file
     * @throws PintleException if a name stands for them, or no such vectors are kept
     */
    public void delete(String hash) {
        Path file = ofHash(hash);
        List<String> holding =
                names().stream().filter(name -> hashOf(name).equals(hash)).toList();
        if (!holding.isEmpty()) {
            throw Problem.of("The vectors have a name, so they are not deleted.")
                    .fact("names", String.join(", ", holding))
                    .fact("try", "removing the names first")
                    .toException();
        }
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw unusable(hash, e);
        }
    }

    /** Deletes partial files of killed writers. */
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
            // another process has deleted it already
        }
    }

    /** Writes the name atomically and durably, like the vector's own file. */
    private void point(String name, String hash) throws IOException {
        Files.createDirectories(folder.resolve("names"));
        AtomicFile.writeText(named(name), hash + "\n");
    }

    /**
     * Checks that a name is valid and free.
     *
     * @param replaces whether to accept a name that is taken
     * @throws IllegalArgumentException if the name contains anything but letters, digits, dots, dashes and underscores
     * @throws PintleException if the name is taken
     */
    public void requireName(String name, boolean replaces) {
        if (!NAME.matcher(name).matches()) {
            throw Problem.of("A vector cannot have that name.")
                    .fact(
                            "expected",
                            "up to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit")
                    .fact("but was", name)
                    .toIllegalArgument();
        }
        if (!replaces && Files.exists(named(name))) {
            throw taken(name);
        }
    }

    private PintleException taken(String name) {
        return Problem.of("A vector of that name already exists.")
                .fact("name", name)
                .fact("folder", folder)
                .fact("try", "another name, or --force, which reassigns the name and keeps the other vector's file")
                .toException();
    }

    /**
     * Renames a vector.
     *
     * @param replaces whether to reassign the new name if it is taken
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
     * Removes a name and keeps the vector's file.
     *
     * @return that file
     * @throws PintleException listing the names if there is none like this
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

    /** @throws PintleException listing the names if there is none like this, if none is this one */
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
     * The file of a named vector, or the file itself if the argument is a path.
     *
     * @throws PintleException listing the names if there is none like this
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
                throw Problem.of("The file of the named vector is missing.")
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
