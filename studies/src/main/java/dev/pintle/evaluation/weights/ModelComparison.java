package dev.pintle.evaluation.weights;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.base.Progress;
import dev.pintle.base.Sizes;
import dev.pintle.base.TemporaryFolder;
import dev.pintle.model.LanguageModel;
import dev.pintle.sae.LatentAgreement;
import dev.pintle.sae.SparseAutoencoder;
import dev.pintle.sae.corpus.Document;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.io.SafeTensors;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/*
 * Two sets of weights of a large model rarely fit in memory together. So A is loaded, run and closed before B is: A's
 * residual streams and logits, 4 · (nLayers · dModel + dVocab) bytes a token in FP32 (1 MiB for an 8B model of Llama), wait
 * in files of the system's temporary folder, one a passage. In memory are at any time one model, the autoencoder, and the
 * activations of one passage of both.
 *
 * Both read the same ids, those of A's tokenizer. Activations are compared in FP64 after FP32, so that a model beside itself
 * differs by exactly nothing and small differences keep their digits.
 */
/** Measures what differs between two sets of weights of one model, such as a model and its quantised copy. */
public final class ModelComparison {
    private static final String RESID = "resid_post";
    private static final String LATENTS = "read_by_autoencoder";
    private static final String LOGITS = "logits";

    private final Iterator<Document> texts;
    private final int longest;
    private final int most;
    private final @Nullable SparseAutoencoder sae;
    private final boolean force;

    private ModelComparison(
            Iterator<Document> texts, int longest, int most, @Nullable SparseAutoencoder sae, boolean force) {
        this.texts = texts;
        this.longest = longest;
        this.most = most;
        this.sae = sae;
        this.force = force;
    }

    /**
     * A comparison on texts, which can be run once.
     *
     * @param texts read until there are enough tokens
     * @param longest tokens of a run; a longer text is cut into passages, each read as a text of its own
     * @param most tokens in all
     * @throws IllegalArgumentException if a passage would hold nothing to compare
     */
    public static ModelComparison on(Iterator<Document> texts, int longest, int most) {
        if (longest < 2 || most < 2) {
            throw Problem.of("A comparison needs passages of at least two tokens, of which the first is left out.")
                    .fact("longest passage", longest)
                    .fact("tokens in all", most)
                    .toIllegalArgument();
        }
        return new ModelComparison(texts, longest, most, null, false);
    }

    /**
     * A comparison that also compares an autoencoder's latents.
     *
     * @param force whether to accept an autoencoder of another model than A
     */
    public ModelComparison withLatents(SparseAutoencoder autoencoder, boolean force) {
        return new ModelComparison(texts, longest, most, autoencoder, force);
    }

    /**
     * Runs A, then B, each loaded for that and closed after it.
     *
     * @throws PintleException if they differ in sizes or vocabulary, which is found out before any is loaded; if the
     *     autoencoder does not fit A; if numbers overflow; if the disk has no room for A's activations
     */
    public ModelDifference run(ModelWeights a, ModelWeights b, Progress progress) {
        a.requireSameModel(b);
        try {
            try (TemporaryFolder temporary = TemporaryFolder.create("pintle-compare-")) {
                Path folder = temporary.path();
                List<int[]> passages;
                try (LanguageModel model = a.load().get()) {
                    if (sae != null) {
                        sae.requireFits(model, force);
                    }
                    passages = Passages.of(
                            texts,
                            model.text(),
                            Math.min(longest, model.config().maxPositions()),
                            most);
                    requireRoom(folder, passages, model);
                    keep(model, passages, folder, stage(progress, "running A", passages.size()));
                }
                try (LanguageModel model = b.load().get()) {
                    return compared(a, b, model, passages, folder, stage(progress, "running B", passages.size()));
                }
            }
        } catch (IOException e) {
            throw Problem.of("The temporary folder, where A's activations wait for B's, cannot be used.")
                    .fact("folder", System.getProperty("java.io.tmpdir"))
                    .fact("cause", e)
                    .toException(e);
        }
    }

    private interface Stage {
        void done(int passages);
    }

    private static Stage stage(Progress progress, String name, int passages) {
        progress.at(name, 0, passages);
        return done -> progress.at(name, done, passages);
    }

    // ---------------------------------------------------------------- A

    private void requireRoom(Path folder, List<int[]> passages, LanguageModel model) throws IOException {
        long numbers = (long) model.config().nLayers() * model.config().dModel()
                + model.config().dVocab()
                + (sae == null ? 0 : sae.dModel());
        long needed = Passages.compared(passages) * numbers * Float.BYTES;
        long free = Files.getFileStore(folder).getUsableSpace();
        if (needed > free) {
            throw Problem.of("The temporary folder has no room for the activations of A.")
                    .fact("folder", folder.getParent())
                    .fact("needed", Sizes.text(needed))
                    .fact("free", Sizes.text(free))
                    .fact("try", "fewer tokens: " + Sizes.text(numbers * Float.BYTES) + " each")
                    .toException();
        }
    }

    private void keep(LanguageModel model, List<int[]> passages, Path folder, Stage stage) {
        for (int i = 0; i < passages.size(); i++) {
            try (TensorScope scope = TensorScope.open("passage of A")) {
                Map<String, Tensor> read = read(model, passages.get(i));
                SafeTensors.write(file(folder, i), read, Map.of());
            }
            stage.done(i + 1);
        }
    }

    private static Path file(Path folder, int passage) {
        return folder.resolve(passage + ".safetensors");
    }

    // ---------------------------------------------------------------- both

    /**
     * What is compared, without the first token, in FP32: the residual stream `[nLayers, tokens, dModel]`, what the
     * autoencoder reads `[tokens, dModel]`, and logits `[tokens, dVocab]`.
     */
    private Map<String, Tensor> read(LanguageModel model, int[] ids) {
        List<HookPoint> layers = IntStream.range(0, model.config().nLayers())
                .mapToObj(HookPoint::residPost)
                .toList();
        Set<HookPoint> points = new TreeSet<>(layers);
        if (sae != null) {
            points.add(sae.place());
        }
        Run run = model.run(TokenBatch.of(ids), RunOptions.reading(points).withLogits(RunOptions.Logits.ALL));
        Map<String, Tensor> read = new HashMap<>();
        read.put(
                RESID,
                Tensor.stack(
                        layers.stream()
                                .map(point -> withoutFirst(run.row(point, 0)))
                                .toList(),
                        0));
        read.put(LOGITS, withoutFirst(run.logits().select(0, 0)));
        if (sae != null) {
            read.put(LATENTS, withoutFirst(run.row(sae.place(), 0)));
        }
        requireFinite(model, ids, read);
        return read;
    }

    private static Tensor withoutFirst(Tensor byToken) {
        return byToken.narrow(0, 1, byToken.size(0) - 1).to(DType.FP32);
    }

    private static void requireFinite(LanguageModel model, int[] ids, Map<String, Tensor> read) {
        Tensor resid = read.get(RESID);
        if (resid != null && !Double.isFinite(resid.times(0).sum().item())) {
            throw model.overflow(ids)
                    .orElseGet(() -> Problem.of("The model's activations are not finite.")
                            .fact("model", model.id())
                            .fact("tokens", ids.length))
                    .toException();
        }
    }

    // ---------------------------------------------------------------- B

    private ModelDifference compared(
            ModelWeights a, ModelWeights b, LanguageModel model, List<int[]> passages, Path folder, Stage stage) {
        List<LayerTally> layers = IntStream.range(0, model.config().nLayers())
                .mapToObj(LayerTally::new)
                .toList();
        NextTokenTally next = new NextTokenTally();
        LatentAgreement latents = sae == null ? null : new LatentAgreement(sae);
        for (int i = 0; i < passages.size(); i++) {
            try (TensorScope scope = TensorScope.open("passage of B");
                    SafeTensors kept = SafeTensors.open(file(folder, i))) {
                Map<String, Tensor> read = read(model, passages.get(i));
                Device device = model.device();
                Tensor ofA = kept.tensor(RESID).to(device); // [nLayers, tokens, dModel]
                Tensor ofB = of(read, RESID);
                for (int layer = 0; layer < layers.size(); layer++) {
                    try (TensorScope inner = TensorScope.open("layer")) {
                        layers.get(layer).add(ofA.select(0, layer), ofB.select(0, layer));
                    }
                }
                next.add(kept.tensor(LOGITS).to(device), of(read, LOGITS), Passages.targets(passages.get(i)));
                if (latents != null && sae != null) {
                    latents.add(
                            kept.tensor(LATENTS).to(sae.device()),
                            of(read, LATENTS).to(sae.device()));
                }
            }
            stage.done(i + 1);
        }
        return new ModelDifference(
                a.name(),
                b.name(),
                passages.size(),
                Passages.compared(passages),
                layers.stream().map(LayerTally::result).toList(),
                next.result(),
                latents == null ? null : latents.report());
    }

    private static Tensor of(Map<String, Tensor> read, String name) {
        Tensor found = read.get(name);
        if (found == null) {
            throw new IllegalStateException(name);
        }
        return found;
    }
}
