package dev.pintle.gguf;

import dev.pintle.base.PintleException;
import dev.pintle.tensor.io.Gguf;
import dev.pintle.tensor.io.GgufHead;
import dev.pintle.tensor.io.GgufValue;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The beginnings of all files of a model, without vocabulary and weights. */
final class GgufHeads implements GgufFacts {
    private final GgufHead first;
    private final Map<String, GgufHead> byName = new LinkedHashMap<>();

    private GgufHeads(List<GgufHead> heads) {
        first = heads.get(0);
        heads.forEach(head -> head.names().forEach(name -> byName.putIfAbsent(name, head)));
    }

    /**
     * @param any of the model's files
     * @throws PintleException if one is missing or is not GGUF
     */
    static GgufHeads read(Path any) {
        return new GgufHeads(GgufParts.paths(any).stream().map(GgufHead::read).toList());
    }

    @Override
    public Path path() {
        return first.path();
    }

    @Override
    public Map<String, GgufValue> values() {
        return first.values();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(byName.keySet());
    }

    @Override
    public Gguf.Listed listed(String name) {
        return head(name).listed(name);
    }

    /** Size of a tensor in its file; 0 for a type that is not known. */
    long bytes(String name) {
        return head(name).bytes(name);
    }

    @Override
    public float[] numbers(String name) {
        return head(name).numbers(name);
    }

    private GgufHead head(String name) {
        return byName.getOrDefault(name, first); // which says that there is no such tensor
    }
}
