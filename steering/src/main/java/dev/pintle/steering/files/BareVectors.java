package dev.pintle.steering.files;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pintle.base.Excerpt;
import dev.pintle.base.FileEnding;
import dev.pintle.base.Json;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.steering.SteeringVector;
import dev.pintle.steering.files.VectorHints.FirstRow;
import dev.pintle.tensor.Tensor;
import dev.pintle.transformer.HookPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/*
 * A bare tensor does not say which layer it belongs to. That is determined from, in this order:
 *
 *   a vector       the layer in CAA's file name; refusal_direction's direction_metadata.json next to direction.pt; a
 *                  hook point as file name; the layer that the caller specifies
 *   [rows, dModel] one row per layer. Whether the first row is the embedding follows from the file name of
 *                  persona_vectors or from the model's number of blocks: N rows are the outputs of N blocks, N + 1 rows
 *                  the hidden states
 *   [positions, layers, dModel]   refusal_direction's mean_diffs.pt, whose row N is the input of block N
 *
 * If that leaves more than one interpretation, nothing is guessed: the caller has to decide.
 */
/** Finds the hook points of vectors in files that do not state a layer. */
final class BareVectors {
    private static final Pattern CAA = Pattern.compile("vec_layer_(\\d{1,5})_(.+)\\.[a-z]+");
    private static final Pattern PERSONA = Pattern.compile(".*(?:prompt_avg|response_avg|prompt_last)_diff\\.[a-z]+");
    private static final Pattern LAYER_IN_NAME =
            Pattern.compile("(?i)(?:layer|block|blk|(?<![a-z])l)[._-]?(\\d{1,3})(?!\\d)");

    private final Tensor tensor;
    private final Path file;
    private final VectorHints hints;
    private final String name;

    private BareVectors(Tensor tensor, Path file, VectorHints hints) {
        this.tensor = tensor;
        this.file = file;
        this.hints = hints;
        this.name = String.valueOf(file.getFileName());
    }

    /**
     * The vectors in a tensor.
     *
     * @throws PintleException if it can be interpreted in more than one way, naming the options that decide
     */
    static List<SteeringVector> of(Tensor tensor, Path file, VectorHints hints) {
        if (!tensor.dtype().isFloating()) {
            throw VectorFiles.unusable(file, "a tensor of floating-point numbers", tensor.describe());
        }
        BareVectors bare = new BareVectors(tensor, file, hints);
        int rank = tensor.shape().rank();
        if (rank >= 1 && tensor.shape().elements() == tensor.shape().size(rank - 1)) {
            return List.of(bare.single(Foreign.row(tensor, file)));
        }
        return switch (rank) {
            case 2 -> bare.perLayer();
            case 3 -> List.of(bare.byPosition());
            default ->
                throw VectorFiles.unusable(
                        file, "[dModel], [layers, dModel] or [positions, layers, dModel]", tensor.describe());
        };
    }

    // ---------------------------------------------------------------- one vector

    private SteeringVector single(Tensor row) {
        Matcher caa = CAA.matcher(name);
        if (caa.matches()) {
            int layer = Integer.parseInt(caa.group(1));
            return Foreign.vector(
                    row,
                    HookPoint.residPost(layer),
                    caa.group(2),
                    "contrastive activation addition",
                    "CAA, layer " + layer + " from the file name: output of block " + layer);
        }
        if (isRefusal() && name.startsWith("direction")) {
            int layer = number("layer");
            return Foreign.vector(
                    row,
                    Foreign.inputOf(layer),
                    "",
                    "refusal_direction",
                    "refusal_direction, layer " + layer + ": input of block " + layer);
        }
        String stem = name.substring(0, Math.max(name.lastIndexOf('.'), 0));
        if (stem.contains("hook_") && Foreign.placeOf(stem).isPresent()) {
            HookPoint at = Foreign.place(stem, file);
            return Foreign.vector(row, at, "", read(), "a bare vector, hook point from the file name: " + at);
        }
        if (hints.layer() != null) {
            return Foreign.vector(
                    row,
                    HookPoint.residPost(hints.layer()),
                    "",
                    read(),
                    "a bare vector, layer as specified: output of block " + hints.layer());
        }
        Problem problem = open();
        Matcher said = LAYER_IN_NAME.matcher(name);
        if (said.find()) {
            int layer = Integer.parseInt(said.group(1));
            problem = problem.fact(
                    "its name",
                    "says " + said.group() + ", which some tools use for the output of block " + layer
                            + ", others for its input or for hidden state " + layer);
            throw problem.fact("try", triedLayers(layer)).toException();
        }
        throw problem.fact("try", "specifying the layer: --layer L").toException();
    }

    private static String triedLayers(int layer) {
        String output = "--layer " + layer + " if the output of block " + layer + " is meant";
        return layer == 0 ? output : output + ", --layer " + (layer - 1) + " if its input is";
    }

    private Problem open() {
        return Problem.of("The file does not say which layer its vector belongs to.")
                .fact("file", file.toAbsolutePath())
                .fact("holds", tensor.describe());
    }

    private String read() {
        return "read from ." + FileEnding.of(file);
    }

    // ---------------------------------------------------------------- one row per layer

    private List<SteeringVector> perLayer() {
        FirstRow first = firstRow(tensor.size(0));
        String what = PERSONA.matcher(name).matches() ? "persona_vectors" : read();
        List<SteeringVector> vectors = new ArrayList<>();
        for (int row = 0; row < tensor.size(0); row++) {
            HookPoint at = first == FirstRow.EMBEDDING ? Foreign.inputOf(row) : HookPoint.residPost(row);
            String place = first == FirstRow.EMBEDDING
                    ? row == 0 ? "the embedding" : "hidden state " + row + ", the output of block " + (row - 1)
                    : "output of block " + row;
            boolean normed = first == FirstRow.EMBEDDING && row == tensor.size(0) - 1;
            vectors.add(Foreign.vector(
                    tensor.select(0, row),
                    at,
                    "",
                    what,
                    "a matrix [rows, dModel], row " + row + ": " + place
                            + (normed ? "; in transformers, this last one has the final norm applied" : "")));
        }
        return vectors;
    }

    private FirstRow firstRow(long rows) {
        boolean persona = PERSONA.matcher(name).matches();
        int blocks = hints.blocks();
        if (blocks > 0 && rows > blocks + 1) {
            throw VectorFiles.unusable(
                    file,
                    "at most " + (blocks + 1) + " rows, for the embedding and " + blocks + " blocks",
                    tensor.describe());
        }
        if (hints.firstRow() != null) {
            if (hints.firstRow() == FirstRow.BLOCK_0 && blocks > 0 && rows > blocks) {
                throw VectorFiles.unusable(
                        file, "at most " + blocks + " rows, if the first is block 0's", tensor.describe());
            }
            return hints.firstRow();
        }
        if (rows == blocks + 1 && blocks > 0) {
            return FirstRow.EMBEDDING;
        }
        if (persona && blocks == 0) {
            return FirstRow.EMBEDDING;
        }
        if (rows == blocks && !persona) {
            return FirstRow.BLOCK_0;
        }
        Problem problem = Problem.of(
                        "The file does not say whether its first row is the embedding or block 0's output.")
                .fact("file", file.toAbsolutePath())
                .fact("holds", tensor.describe());
        if (blocks > 0) {
            problem = problem.fact("model", blocks + " blocks");
        }
        throw problem.fact("try", "--first-row embedding (row N is the output of block N - 1)")
                .fact("try", "--first-row block-0 (row N is the output of block N)")
                .toException();
    }

    // ---------------------------------------------------------------- one row per position and layer

    private SteeringVector byPosition() {
        boolean refusal = isRefusal() || name.startsWith("mean_diffs");
        if ((hints.position() == null && !isRefusal()) || (hints.layer() == null && !isRefusal())) {
            throw open().fact("try", "--position P, negative from the end, and --layer L")
                    .toException();
        }
        if (!refusal && hints.firstRow() == null) {
            throw Problem.of("The file does not say whether its first layer is the embedding or block 0's output.")
                    .fact("file", file.toAbsolutePath())
                    .fact("holds", tensor.describe())
                    .fact("try", "--first-row embedding (layer N is the input of block N, as in refusal_direction)")
                    .fact("try", "--first-row block-0 (layer N is the output of block N)")
                    .toException();
        }
        boolean outputs = hints.firstRow() == FirstRow.BLOCK_0;
        int position = hints.position() == null ? number("pos") : hints.position();
        int layer = hints.layer() == null ? number("layer") : outputs ? hints.layer() : hints.layer() + 1;
        long index = position < 0 ? tensor.size(0) + position : position;
        if (index < 0 || index >= tensor.size(0) || layer < 0 || layer >= tensor.size(1)) {
            throw VectorFiles.unusable(
                    file,
                    "a position and layer within " + tensor.describe(),
                    "position " + position + ", layer " + layer);
        }
        String what = refusal ? "refusal_direction" : read();
        return Foreign.vector(
                tensor.select(0, index).select(0, layer),
                outputs ? HookPoint.residPost(layer) : Foreign.inputOf(layer),
                "",
                what,
                (refusal ? what + " mean differences" : "a tensor [positions, layers, dModel]") + ", position "
                        + position + ", layer " + layer + (outputs ? ": output of block " : ": input of block ")
                        + layer);
    }

    private Path metadata() {
        return file.toAbsolutePath().resolveSibling("direction_metadata.json");
    }

    private boolean isRefusal() {
        return Files.isRegularFile(metadata());
    }

    private int number(String key) {
        Path json = metadata();
        try {
            JsonNode value = Json.file(json).path(key);
            if (!value.isIntegralNumber() || !value.canConvertToInt()) {
                throw VectorFiles.unusable(
                        json, "an integer as " + key, value.isMissingNode() ? "none" : Excerpt.of(value));
            }
            return value.asInt();
        } catch (IOException e) {
            throw VectorFiles.unusable(json, "a JSON object with pos and layer", "something else");
        }
    }
}
