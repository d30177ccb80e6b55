package dev.pintle.steering.files;

import dev.pintle.base.Digest;
import dev.pintle.model.ModelId;
import dev.pintle.steering.Origin;
import dev.pintle.steering.Stability;
import dev.pintle.steering.SteeringVector;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.io.Checkpoint;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.transformer.HookPoint;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pintle's own format: tensors {@code direction.L} FP32 `[dModel]`, with L the 0-based block, and the record as
 * metadata. In a file with several sites, vectors at sites other than the main one are named {@code direction.L.SITE}.
 */
final class OwnVectors implements VectorFormat {
    private static final String FORMAT = "steer-vector";
    private static final String VERSION = "1";
    private static final Pattern DIRECTION = Pattern.compile("direction\\.(\\d{1,5})(?:\\.([a-z_]+))?");

    @Override
    public List<String> endings() {
        return List.of("safetensors");
    }

    @Override
    public boolean isWritten() {
        return true;
    }

    /** Whether metadata belongs to this format. */
    static boolean isOwn(Map<String, String> metadata) {
        return FORMAT.equals(metadata.get("format")) && VERSION.equals(metadata.get("format_version"));
    }

    @Override
    public void write(SortedMap<HookPoint, SteeringVector> vectors, Path file) {
        SafeTensors.write(file, tensors(vectors), metadata(vectors));
    }

    /** Reads a safetensors file, in this format or another tool's. */
    @Override
    public List<SteeringVector> read(Path file, VectorHints hints) {
        try (Checkpoint checkpoint = SafeTensors.open(file)) {
            Map<String, String> metadata = checkpoint.metadata();
            if (isOwn(metadata)) {
                return described(checkpoint, metadata, file);
            }
            if (FORMAT.equals(metadata.get("format"))) {
                throw VectorFiles.unusable(
                        file, "format_version " + VERSION, metadata.getOrDefault("format_version", "none"));
            }
            return NamedVectors.of(checkpoint, file, hints);
        }
    }

    static Map<String, Tensor> tensors(SortedMap<HookPoint, SteeringVector> vectors) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        vectors.forEach((at, vector) -> tensors.put("direction." + suffix(at, vectors), Tensor.of(vector.direction())));
        return tensors;
    }

    /** The suffix that identifies a vector within its file: its layer, plus its site if that is not the main one. */
    private static String suffix(HookPoint at, SortedMap<HookPoint, SteeringVector> vectors) {
        // an embedding sorts first, so the last vector has the main site
        return at.site() == vectors.lastKey().site() ? String.valueOf(at.layer()) : at.layer() + "." + label(at.site());
    }

    private static String label(HookPoint.Site site) {
        return site.suffix().replaceFirst("^hook_", "");
    }

    // ---------------------------------------------------------------- metadata

    /** The record: values common to all vectors once, others under the key plus the vector's suffix. */
    static Map<String, String> metadata(SortedMap<HookPoint, SteeringVector> vectors) {
        Map<String, String> metadata = new TreeMap<>();
        metadata.put("format", FORMAT);
        metadata.put("format_version", VERSION);
        metadata.put("layer_convention", "block-output-0based");
        metadata.put("op", "add");
        boolean unit = vectors.values().stream()
                .allMatch(vector -> Math.abs(vector.direction().norm() - 1) < 1e-5);
        metadata.put("scale_policy", unit ? "unit" : "raw");
        metadata.put("site", label(vectors.lastKey().site()));
        if (vectors.size() == 1) {
            metadata.put("hook_point", vectors.firstKey().toString());
        }
        metadata.put("content_sha256", content(vectors.values()));
        Map<String, Map<String, String>> records = new LinkedHashMap<>();
        vectors.forEach((at, vector) -> records.put(suffix(at, vectors), record(vector.origin())));
        Map<String, String> first = records.values().iterator().next();
        first.forEach((key, value) -> {
            if (records.values().stream().allMatch(record -> value.equals(record.get(key)))) {
                metadata.put(key, value);
            } else {
                records.forEach((suffix, record) -> metadata.put(key + "." + suffix, record.getOrDefault(key, "")));
            }
        });
        return metadata;
    }

    private static Map<String, String> record(Origin origin) {
        Map<String, String> record = new TreeMap<>();
        record.put("model_id", origin.model().name());
        record.put("model_revision", origin.model().revision());
        record.put("tokenizer_sha256", origin.capture().tokenizer());
        record.put("chat_template_sha256", origin.capture().template());
        record.put("method", origin.method().name());
        record.put("positions", origin.method().positions());
        record.put("aggregate", origin.method().aggregation());
        record.put("settings", origin.method().settings());
        record.put("n_pairs", String.valueOf(origin.data().pairs()));
        record.put("pairs_sha256", origin.data().hash());
        record.put("n_directions", String.valueOf(origin.data().directions()));
        record.put("seed", String.valueOf(origin.measures().seed()));
        record.put("dtype_of_capture", origin.capture().dtype());
        record.put("device", origin.capture().device());
        record.put("source", origin.source());
        record.put("norm_before_scaling", String.valueOf(origin.measures().normBeforeScaling()));
        record.put("mean_activation_norm", String.valueOf(origin.meanActivationNorm()));
        record.put("explained_variance", String.valueOf(origin.measures().explainedVariance()));
        record.put(
                "split_half_cosine",
                String.valueOf(origin.measures().stability().splitHalfCosine()));
        record.put(
                "split_half_cosine_low",
                String.valueOf(origin.measures().stability().low()));
        record.put(
                "split_half_cosine_high",
                String.valueOf(origin.measures().stability().high()));
        return record;
    }

    private static String content(Collection<SteeringVector> vectors) {
        Digest digest = new Digest();
        vectors.forEach(vector ->
                digest.add(vector.at().toString()).add(vector.direction().toArray()));
        return digest.hex();
    }

    // ---------------------------------------------------------------- reading

    static List<SteeringVector> described(Checkpoint checkpoint, Map<String, String> metadata, Path file) {
        SortedMap<HookPoint, SteeringVector> vectors = new TreeMap<>();
        for (String name : checkpoint.names()) {
            Matcher direction = DIRECTION.matcher(name);
            if (!direction.matches()
                    || checkpoint.entry(name).shape().rank() != 1
                    || checkpoint.entry(name).dtype() != DType.FP32) {
                throw VectorFiles.unusable(file, "FP32 tensors direction.L [dModel]", name);
            }
            HookPoint at = at(direction, metadata, file);
            Record record = new Record(metadata, name.substring("direction.".length()), file);
            vectors.put(at, new SteeringVector(checkpoint.tensor(name).toVec(), at, record.origin()));
        }
        String expected = metadata.getOrDefault("content_sha256", "");
        if (vectors.isEmpty() || (!expected.isEmpty() && !expected.equals(content(vectors.values())))) {
            throw VectorFiles.unusable(
                    file,
                    vectors.isEmpty() ? "a tensor direction.L" : "values with hash " + expected,
                    vectors.isEmpty() ? "none" : "values with hash " + content(vectors.values()));
        }
        return List.copyOf(vectors.values());
    }

    private static HookPoint at(Matcher direction, Map<String, String> metadata, Path file) {
        int layer = Integer.parseInt(direction.group(1));
        if (direction.group(2) != null) {
            return HookPoint.parse("blocks." + layer + ".hook_" + direction.group(2));
        }
        String whole = metadata.get("hook_point");
        HookPoint at = whole == null
                ? HookPoint.parse("blocks." + layer + ".hook_" + new Record(metadata, "", file).text("site"))
                : HookPoint.parse(whole);
        if (at.layer() != layer) {
            throw VectorFiles.unusable(
                    file, "a tensor direction." + at.layer() + ", as in its hook point", direction.group());
        }
        return at;
    }

    /** The metadata of one vector. */
    private record Record(Map<String, String> metadata, String suffix, Path file) {
        Origin origin() {
            return new Origin(
                    new ModelId(text("model_id"), text("model_revision")),
                    new Origin.Method(
                            text("method"), textOr("positions", ""), textOr("aggregate", ""), textOr("settings", "")),
                    new Origin.Data((int) number("n_pairs"), textOr("pairs_sha256", ""), (long) number("n_directions")),
                    new Origin.Capture(
                            textOr("tokenizer_sha256", ""),
                            textOr("chat_template_sha256", ""),
                            textOr("dtype_of_capture", ""),
                            textOr("device", "")),
                    new Origin.Measures(
                            number("norm_before_scaling"),
                            number("mean_activation_norm"),
                            number("explained_variance"),
                            new Stability(
                                    number("split_half_cosine"),
                                    number("split_half_cosine_low"),
                                    number("split_half_cosine_high")),
                            (long) number("seed")),
                    textOr("source", ""));
        }

        String textOr(String key, String otherwise) {
            return metadata.getOrDefault(key + "." + suffix, metadata.getOrDefault(key, otherwise));
        }

        String text(String key) {
            String value = metadata.getOrDefault(key + "." + suffix, metadata.get(key));
            if (value == null) {
                throw VectorFiles.unusable(file, "metadata " + key, "only " + String.join(", ", metadata.keySet()));
            }
            return value;
        }

        double number(String key) {
            String value = textOr(key, "NaN");
            try {
                return Double.parseDouble(value);
            } catch (NumberFormatException e) {
                throw VectorFiles.unusable(file, "a number in metadata " + key, value);
            }
        }
    }
}
