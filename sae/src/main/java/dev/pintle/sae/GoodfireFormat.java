package dev.pintle.sae;

import dev.pintle.model.HookPoint;
import dev.pintle.problem.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.TorchCheckpoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Goodfire's files: a PyTorch state dict with two linear layers, {@code encoder_linear} and {@code decoder_linear}; f =
 * ReLU(W_e x + b_e), x̂ = W_d f + b_d, with no bias subtracted before and no normalisation. The layer, counted from 0 and
 * meaning the output of that block, is only in the file's name: {@code …-l19.pth}.
 */
final class GoodfireFormat {
    private static final Pattern LAYER = Pattern.compile("-l(\\d{1,3})\\.pth?$");
    private static final Set<String> KEYS =
            Set.of("encoder_linear.weight", "encoder_linear.bias", "decoder_linear.weight", "decoder_linear.bias");

    private GoodfireFormat() {}

    static SparseAutoencoder load(Path file, Device device) {
        String name = String.valueOf(file.getFileName());
        TensorScope owner = TensorScope.owner("autoencoder " + name);
        try (TorchCheckpoint checkpoint = TorchCheckpoint.open(file);
                TensorScope scope = TensorScope.open("load autoencoder")) {
            if (!checkpoint.names().equals(KEYS)) {
                throw Problem.of("The file does not hold an autoencoder in Goodfire's layout.")
                        .fact("file", file.toAbsolutePath())
                        .fact("expected", String.join(", ", new TreeSet<>(KEYS)))
                        .fact("but was", String.join(", ", new TreeSet<>(checkpoint.names())))
                        .toException();
            }
            Shape encoder = checkpoint.entry("encoder_linear.weight").shape();
            if (encoder.rank() != 2) {
                throw wrongShape(file, "encoder_linear.weight", "[dSae, dModel]", encoder);
            }
            long dSae = encoder.size(0);
            long dModel = encoder.size(1);
            requireShape(checkpoint, file, "encoder_linear.bias", Shape.of(dSae));
            requireShape(checkpoint, file, "decoder_linear.weight", Shape.of(dModel, dSae));
            requireShape(checkpoint, file, "decoder_linear.bias", Shape.of(dModel));
            List<Tensor> weights = KEYS.stream()
                    .sorted() // decoder bias, decoder weight, encoder bias, encoder weight
                    .map(key -> checkpoint.tensor(key).to(device).to(DType.FP32))
                    .toList();
            SparseAutoencoder.Parts parts = new SparseAutoencoder.Parts(
                    owner.adopt(weights.get(3)),
                    owner.adopt(weights.get(2)),
                    owner.adopt(weights.get(1).transpose(0, 1)),
                    owner.adopt(weights.get(0)));
            return new SparseAutoencoder(name, layer(name), new Sparsity.Relu(), parts, owner);
        }
    }

    private static @Nullable HookPoint layer(String fileName) {
        Matcher matcher = LAYER.matcher(fileName);
        return matcher.find() ? HookPoint.residPost(Integer.parseInt(matcher.group(1))) : null;
    }

    private static void requireShape(TorchCheckpoint checkpoint, Path file, String key, Shape expected) {
        Shape found = checkpoint.entry(key).shape();
        if (!found.equals(expected)) {
            throw wrongShape(file, key, expected, found);
        }
    }

    private static RuntimeException wrongShape(Path file, String key, Object expected, Shape found) {
        return Problem.of("A weight of the autoencoder has the wrong shape.")
                .fact("file", file.toAbsolutePath())
                .fact("weight", key)
                .fact("expected", expected)
                .fact("but was", found)
                .toException();
    }
}
