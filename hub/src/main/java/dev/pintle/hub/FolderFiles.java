package dev.pintle.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Lists folders that other programs fill, as deep and as far as such folders go. */
final class FolderFiles {
    private static final long MOST = 500_000;

    private FolderFiles() {}

    /** Regular files below a folder, as sorted paths with slashes; those that are there if not all can be read. */
    static List<String> below(Path folder, int depth) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Path> found = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(folder, depth, FileVisitOption.FOLLOW_LINKS)) {
            walk.limit(MOST).filter(Files::isRegularFile).forEach(found::add);
        } catch (IOException | UncheckedIOException e) {
            // a folder in it cannot be read, or links to one above it: the rest is there
        }
        return found.stream()
                .map(file -> folder.relativize(file).toString().replace('\\', '/'))
                .sorted()
                .toList();
    }

    /** Folders in a folder, by name, sorted. */
    static List<String> foldersIn(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.limit(MOST)
                    .filter(Files::isDirectory)
                    .map(one -> String.valueOf(one.getFileName()))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }
}
