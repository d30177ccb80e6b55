package dev.pintle.gguf;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tensors of a model, in one file or in several that llama.cpp's gguf-split has made; metadata is in the first. */
final class GgufParts implements GgufFacts, AutoCloseable {
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final String COUNT = "split.count";
    private static final int MOST = 1000;

    private final List<Gguf> files;
    private final Map<String, Gguf> byName = new LinkedHashMap<>();

    private GgufParts(List<Gguf> files) {
        this.files = files;
        for (Gguf file : files) {
            for (String name : file.names()) {
                if (byName.put(name, file) != null) {
                    throw FileProblems.of("Two parts of a model have the same tensor.", file.path())
                            .fact("tensor", Excerpt.of(name))
                            .fact("try", "all parts of one download")
                            .toException();
                }
            }
        }
    }

    /**
     * Opens all parts of a model.
     *
     * @param any of its files
     * @throws PintleException if one is missing or is not GGUF
     */
    static GgufParts open(Path any) {
        List<Gguf> opened = new ArrayList<>();
        try {
            for (Path path : paths(any)) {
                opened.add(Gguf.open(path));
            }
            requireOneModel(opened);
            return new GgufParts(opened);
        } catch (RuntimeException e) {
            opened.forEach(Gguf::close);
            throw e;
        }
    }

    /** All files of a model, in order, if its name says that there are several. */
    static List<Path> paths(Path any) {
        Matcher name = PART.matcher(String.valueOf(any.getFileName()));
        if (!name.matches()) {
            return List.of(any);
        }
        int count = Integer.parseInt(name.group(3));
        List<Path> paths = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            Path part = any.resolveSibling(String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", name.group(1), i, count));
            if (count > MOST || !Files.isRegularFile(part)) {
                throw FileProblems.of("A part of the model is missing.", part)
                        .fact("expected", count + " parts, as the name of " + any.getFileName() + " says")
                        .fact("try", "downloading all parts into one folder")
                        .toException();
            }
            paths.add(part);
        }
        return paths;
    }

    private static void requireOneModel(List<Gguf> files) {
        GgufValue count = files.get(0).values().get(COUNT);
        long stated = count instanceof GgufValue.Int number ? number.value() : 0;
        if (Math.max(1, stated) != files.size()) {
            throw FileProblems.of(
                            "The file is a part of a model in several files.",
                            files.get(0).path())
                    .fact("expected", stated + " files, as " + COUNT + " says")
                    .fact("but was", files.size())
                    .fact("try", "the names that gguf-split gave: NAME-00001-of-00003.gguf and so on, in one folder")
                    .toException();
        }
    }

    @Override
    public Path path() {
        return files.get(0).path();
    }

    @Override
    public Map<String, GgufValue> values() {
        return files.get(0).values();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(byName.keySet());
    }

    @Override
    public Gguf.Listed listed(String name) {
        return file(name).listed(name);
    }

    @Override
    public float[] numbers(String name) {
        try (TensorScope scope = TensorScope.open("numbers of " + name)) {
            return tensor(name).toFloats();
        }
    }

    /** An unquantised tensor. */
    Tensor tensor(String name) {
        return file(name).tensor(name);
    }

    /** The blocks of a quantised tensor, `[bytes]` UINT8. */
    Tensor bytes(String name) {
        return file(name).bytes(name);
    }

    private Gguf file(String name) {
        return byName.getOrDefault(name, files.get(0)); // which says that there is no such tensor
    }

    @Override
    public void close() {
        files.forEach(Gguf::close);
    }
}
