package dev.pintle.transformer.gpu;

import dev.pintle.tensor.CudaProgram;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The CUDA sources of this package, compiled once per device, dtype and set of macros. */
final class CudaSources {
    private static final Map<Compiled, CudaProgram> PROGRAMS = new ConcurrentHashMap<>();

    private record Compiled(String name, Map<String, Integer> macros, Device device) {}

    private CudaSources() {}

    /** Compiles a self-contained source. */
    static CudaProgram program(String name, Map<String, Integer> macros, Device device) {
        return PROGRAMS.computeIfAbsent(
                new Compiled(name, Map.copyOf(macros), device),
                key -> CudaProgram.compile(key.name, text(key.name), key.macros, key.device));
    }

    /**
     * Compiles a source for a 16-bit dtype, with the shared header prepended.
     *
     * @param macros macros in addition to BF16
     */
    static CudaProgram program(String name, DType dtype, Map<String, Integer> macros, Device device) {
        Map<String, Integer> all = new HashMap<>(macros);
        all.put("BF16", dtype == DType.BF16 ? 1 : 0);
        return PROGRAMS.computeIfAbsent(
                new Compiled(name, Map.copyOf(all), device),
                key -> CudaProgram.compile(key.name, CudaProgram.halves() + text(key.name), key.macros, key.device));
    }

    private static String text(String name) {
        return CudaProgram.source(CudaSources.class, name);
    }
}
