package dev.pintle.notebook.build;

import dev.pintle.base.FileProblems;
import dev.pintle.base.Problem;
import dev.pintle.base.RegularFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A notebook's source: Java in jupytext's percent format. {@code // %%} starts a code cell and {@code // %% [markdown]} a text cell,
 * whose lines start with {@code //}; {@code tags=["solution"]} on that line marks the solution of an exercise.
 *
 * @param name file name without extension
 * @param cells in order
 */
public record NotebookSource(String name, List<Cell> cells) {
    private static final String ENDING = ".java";
    private static final Pattern MARK = Pattern.compile("// ?%%(?<rest>.*)");
    private static final Pattern TAGS = Pattern.compile("tags=\\[(?<tags>[^\\]]*)\\]");

    /** Keeps a copy of the cells. */
    public NotebookSource {
        cells = List.copyOf(cells);
    }

    /**
     * Reads a source.
     *
     * @throws dev.pintle.base.PintleException if the file cannot be read, or is not such a source
     */
    public static NotebookSource read(Path file) {
        try {
            String name = String.valueOf(file.getFileName());
            return parse(
                    name.endsWith(ENDING) ? name.substring(0, name.length() - ENDING.length()) : name,
                    RegularFile.text(file));
        } catch (IOException e) {
            throw FileProblems.unreadable(file, e);
        }
    }

    /** The sources of a folder, sorted by name. */
    public static List<Path> in(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(ENDING))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileProblems.unreadable(folder, e);
        }
    }

    /**
     * Reads a source from its text.
     *
     * @param name for messages and the built file
     */
    public static NotebookSource parse(String name, String source) {
        List<Cell> cells = new ArrayList<>();
        List<String> lines = source.lines().toList();
        int at = 0;
        while (at < lines.size() && !MARK.matcher(lines.get(at)).matches()) {
            at++; // jupytext's header
        }
        while (at < lines.size()) {
            Matcher mark = MARK.matcher(lines.get(at++));
            if (!mark.matches()) {
                throw new IllegalStateException("A cell begins with its mark.");
            }
            int from = at;
            while (at < lines.size() && !MARK.matcher(lines.get(at)).matches()) {
                at++;
            }
            cells.add(cell(mark.group("rest"), lines.subList(from, at), from + 1));
        }
        if (cells.stream().noneMatch(Cell::runs)) {
            throw Problem.of("The file is not a notebook source.")
                    .fact("file", name)
                    .fact("expected", "lines // %% or // %% [markdown] that begin cells, at least one of code")
                    .toException();
        }
        return new NotebookSource(name, cells);
    }

    private static Cell cell(String rest, List<String> lines, int line) {
        Set<String> tags = new LinkedHashSet<>();
        Matcher given = TAGS.matcher(rest);
        if (given.find()) {
            for (String tag : given.group("tags").split(",", -1)) {
                tags.add(tag.strip().replaceAll("^\"|\"$", ""));
            }
        }
        boolean markdown = rest.contains("[markdown]");
        List<String> text = new ArrayList<>(
                markdown
                        ? lines.stream()
                                .map(one -> one.replaceFirst("^// ?", ""))
                                .toList()
                        : lines);
        while (!text.isEmpty() && text.get(text.size() - 1).isBlank()) {
            text.remove(text.size() - 1);
        }
        Cell.Kind kind =
                markdown ? Cell.Kind.MARKDOWN : tags.contains("solution") ? Cell.Kind.SOLUTION : Cell.Kind.CODE;
        return new Cell(kind, tags, String.join("\n", text), line);
    }

    /** The first heading, or the name if there is none. */
    public String title() {
        return cells.stream()
                .filter(cell -> cell.kind() == Cell.Kind.MARKDOWN)
                .flatMap(cell -> cell.text().lines())
                .filter(line -> line.startsWith("# "))
                .map(line -> line.substring(2).strip())
                .findFirst()
                .orElse(name);
    }
}
