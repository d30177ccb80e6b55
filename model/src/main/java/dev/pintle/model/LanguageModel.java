package dev.pintle.model;

import dev.pintle.base.Problem;
import dev.pintle.hub.HubClient;
import dev.pintle.hub.ModelFolders;
import dev.pintle.hub.ModelPlace;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Device;
import dev.pintle.tensor.Tensor;
import dev.pintle.tensor.TensorScope;
import dev.pintle.tensor.Vec;
import dev.pintle.text.ChatOptions;
import dev.pintle.text.ChatTemplate;
import dev.pintle.text.Message;
import dev.pintle.text.ModelText;
import dev.pintle.text.Tokenizer;
import dev.pintle.transformer.Hook;
import dev.pintle.transformer.HookPoint;
import dev.pintle.transformer.KvCache;
import dev.pintle.transformer.ModelConfig;
import dev.pintle.transformer.Route;
import dev.pintle.transformer.Run;
import dev.pintle.transformer.RunOptions;
import dev.pintle.transformer.TokenBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A loaded language model, or a view of one with hooks.
 *
 * <p>A model is immutable: {@link #with} returns a view that shares the weights, and several views may run concurrently
 * on different threads. Closing the loaded model releases the weights; closing a view does nothing.
 */
public final class LanguageModel implements AutoCloseable {
    private static final int SCORED_AT_ONCE = 64; // tokens whose logits are held together

    private final Loaded loaded;
    private final List<Hook> hooks;
    private final boolean view;

    /** The state that all views of a model share. */
    private record Loaded(
            ModelId id,
            LoadedTransformer transformer,
            ModelText text,
            Set<Integer> stopIds,
            String tokenizerOf,
            Consumer<Problem> notes) {}

    private LanguageModel(Loaded loaded, List<Hook> hooks, boolean view) {
        this.loaded = loaded;
        this.hooks = hooks;
        this.view = view;
    }

    /**
     * Loads a model. Its tokenizer and chat template are read on first use.
     *
     * @param nameOrFolder {@code parley-7m}, a folder in the Hugging Face format, a GGUF file, a cached repository {@code
     *     org/name}, one of its GGUF files such as {@code org/name:Q4_K_M}, or a model of another program such as {@code
     *     ollama:llama3.1:8b}
     * @param device where to put the weights
     * @param dtype of weights and residual stream; on the CPU, a checkpoint in this dtype stays memory-mapped
     * @throws dev.pintle.base.PintleException naming what is missing, unused or not understood
     */
    public static LanguageModel load(String nameOrFolder, Device device, DType dtype) {
        return load(nameOrFolder, LoadOptions.of(device, dtype));
    }

    /** As {@link #load(String, Device, DType)}, with configuration keys to ignore, or a different receiver of notes. */
    public static LanguageModel load(String nameOrFolder, LoadOptions options) {
        return load(nameOrFolder, ModelFolders.find(nameOrFolder), options);
    }

    /**
     * Loads a model that was found.
     *
     * @param name of the model's {@link #id()}, unless it lies in a repository's folder, which has a name of its own
     */
    public static LanguageModel load(String name, ModelPlace place, LoadOptions options) {
        Path folder = GgufFolder.of(place);
        GgufFolder.note(folder).ifPresent(options.notes());
        LoadedTransformer transformer = LoadedTransformer.open(folder, options);
        try {
            ModelId plain = place instanceof ModelPlace.GgufFile
                    ? new ModelId(name, GgufFolder.revision(folder))
                    : HubClient.repositoryOf(folder)
                            .map(repo -> new ModelId(repo.name(), repo.revision()))
                            .orElseGet(() -> new ModelId(name, Fingerprint.of(folder)));
            ModelId id = plain.rounded(options.quantisation());
            return new LanguageModel(
                    new Loaded(
                            id,
                            transformer,
                            new ModelText(folder, options.chatTemplate(), id.toString()),
                            StopIds.read(folder),
                            GgufFolder.tokenizer(folder),
                            once(options.notes())),
                    List.of(),
                    false);
        } catch (RuntimeException e) {
            transformer.close();
            throw e;
        }
    }

    /**
     * A model of a known shape with random weights, for measuring speed and memory. It has no tokenizer.
     *
     * @param seed random seed of the weights
     */
    public static LanguageModel random(ModelShape shape, long seed, Device device, DType dtype) {
        return random(shape, seed, device, dtype, null, Path.of("random weights"));
    }

    /**
     * The same with the tokenizer and chat template of another model, whose ids must fit the shape's vocabulary. Ids
     * that the tokenizer does not know have no text.
     *
     * @param blocks quantised format of its matrices: {@code Q8_0}, {@code Q4_K}, {@code Q6_K} or {@code Q4_K_M}; null for none
     * @param words folder of the other model
     */
    public static LanguageModel random(
            ModelShape shape, long seed, Device device, DType dtype, @Nullable String blocks, Path words) {
        LoadedTransformer transformer =
                LoadedTransformer.random(shape.config(), shape.toString(), seed, device, dtype, blocks);
        String of = blocks == null ? " with random weights" : " with random weights in " + blocks;
        ModelId id = new ModelId(shape + of, "seed-" + seed);
        return new LanguageModel(
                new Loaded(id, transformer, new ModelText(words, id.toString()), Set.of(), "", note -> {}),
                List.of(),
                false);
    }

    private static Consumer<Problem> once(Consumer<Problem> notes) {
        Set<String> said = ConcurrentHashMap.newKeySet();
        return note -> {
            if (said.add(note.toString())) {
                notes.accept(note);
            }
        };
    }

    /** Tells whoever loaded this model of something about its use, the first time. */
    public void tell(Problem note) {
        loaded.notes.accept(note);
    }

    /** A view with {@code more} hooks, applied after those of this view. */
    public LanguageModel with(Hook... more) {
        return with(Arrays.asList(more));
    }

    /** A view with {@code more} hooks, applied after those of this view. */
    public LanguageModel with(List<? extends Hook> more) {
        loaded.transformer.forward().requireFits(more);
        List<Hook> all = new ArrayList<>(hooks);
        all.addAll(more);
        return new LanguageModel(loaded, List.copyOf(all), true);
    }

    /** This model with a {@link NanCheck} after all hooks; closing it also closes this one. */
    public LanguageModel checkingForNan() {
        List<Hook> all = new ArrayList<>(hooks);
        all.add(new NanCheck(config()));
        return new LanguageModel(loaded, List.copyOf(all), view);
    }

    // ---------------------------------------------------------------- facts

    /** Which model this is. */
    public ModelId id() {
        return loaded.id;
    }

    /** Its hyperparameters. */
    public ModelConfig config() {
        return loaded.transformer.config();
    }

    /** The device its weights are on. */
    public Device device() {
        return loaded.transformer.device();
    }

    /** Dtype of weights and residual stream. */
    public DType dtype() {
        return loaded.transformer.dtype();
    }

    /**
     * How the weights of a quantised checkpoint were stored and are in memory: {@code AWQ; 224 matrices kept in INT4_G128}.
     * Empty for others.
     */
    public String storage() {
        return loaded.transformer.storage();
    }

    /**
     * Its tokenizer.
     *
     * @throws dev.pintle.text.TokenizerException if its folder has none
     */
    public Tokenizer tokenizer() {
        return loaded.text.tokenizer();
    }

    /**
     * The repository whose tokenizer this is; empty where it is the model's own or, for a GGUF file, rebuilt from the file.
     */
    public Optional<String> tokenizerOf() {
        return Optional.of(loaded.tokenizerOf).filter(repository -> !repository.isEmpty());
    }

    /**
     * Its chat template.
     *
     * @throws dev.pintle.text.ChatTemplateException if its folder has none
     */
    public ChatTemplate chatTemplate() {
        return loaded.text.chatTemplate();
    }

    /** Tokens that end an answer. */
    public Set<Integer> stopIds() {
        return loaded.stopIds;
    }

    /** All hook points of this model, in the order of the forward pass. */
    public Set<HookPoint> hookPoints() {
        return loaded.transformer.forward().places();
    }

    /** How prompts are computed with the hooks of this view. */
    public Route route() {
        return loaded.transformer.routes().ofPass(hooks);
    }

    /** How the tokens after the prompts are computed, with the hooks of this view and of the requests. */
    public Route route(List<GenerationRequest> requests) {
        return loaded.transformer.routes().ofSteps(requests, hooks);
    }

    // ---------------------------------------------------------------- text to tokens

    /** Its tokenizer and chat template. */
    public ModelText text() {
        return loaded.text;
    }

    /** A conversation followed by the header of the answer, as token ids. */
    public int[] chatTokens(List<Message> messages) {
        return text().tokens(messages, ChatOptions.forAnswer());
    }

    /** A conversation whose last message stays open, as token ids. */
    public int[] continuedTokens(List<Message> messages) {
        return text().tokens(messages, ChatOptions.forContinuation());
    }

    // ---------------------------------------------------------------- running

    /**
     * Runs token ids through the model. The result's tensors belong to this thread's innermost open scope.
     *
     * @throws IllegalArgumentException for ids outside the vocabulary or sequences longer than the model's context
     */
    public Run run(TokenBatch batch, RunOptions options) {
        KvCache cache = options.cache();
        int[] lengths = IntStream.range(0, batch.batch())
                .map(row -> batch.length(row) + (cache == null || cache.batch() == 0 ? 0 : cache.nextPosition(row)))
                .toArray();
        return run(batch, options, lengths);
    }

    /**
     * The same for rows of which only the first part is a prompt, so that hooks on generated tokens act on the rest.
     *
     * @param promptLengths length of each row's prompt within the whole sequence, in tokens
     */
    public Run run(TokenBatch batch, RunOptions options, int[] promptLengths) {
        return loaded.transformer.forward().run(batch, options, hooks, promptLengths);
    }

    Run run(TokenBatch batch, RunOptions options, int[] promptLengths, ForwardPass.Midway from) {
        int[] rows = IntStream.range(0, batch.batch()).toArray();
        return loaded.transformer.forward().run(batch, options, hooks, promptLengths, rows, from);
    }

    /** The number of first blocks that this view has in common with another one that has no hooks. */
    int blocksShared(LanguageModel other) {
        ForwardPass forward = loaded.transformer.forward();
        return loaded == other.loaded && other.hooks.isEmpty() && forward.canBeginMidway()
                ? forward.blocksBefore(hooks)
                : 0;
    }

    /**
     * Whether a text's logits have the same bits if its prompt is run by itself, once for several texts: on the Java heap,
     * with hooks that are {@linkplain Hook#isRepeatable repeatable}.
     */
    public boolean runsInParts() {
        return route().kind() == Route.Kind.HEAP && hooks.stream().allMatch(Hook::isRepeatable);
    }

    /**
     * The activations of one text at a hook point, one vector per token: what {@link #run} reads there, in FP32 on the Java heap,
     * where they need no scope.
     *
     * @param ids token ids of the text
     * @param at a hook point that has one vector per token
     * @return `[tokens]` of `[dModel]`, or of the hook point's own width
     */
    public List<Vec> activations(int[] ids, HookPoint at) {
        try (TensorScope scope = TensorScope.open("activations of a text")) {
            return run(TokenBatch.of(ids), RunOptions.reading(at))
                    .row(at, 0)
                    .to(DType.FP32)
                    .toVecs();
        }
    }

    /**
     * What the model predicted at each token of a given text: nothing is generated.
     *
     * @param ids token ids of the text
     * @param promptLength number of tokens that count as a prompt for hooks on generated tokens
     * @param own hooks after those of this view
     * @param reporting what to report of each token
     * @return of every token but the first
     */
    public List<GeneratedToken> score(int[] ids, int promptLength, List<? extends Hook> own, Reporting reporting) {
        loaded.transformer.forward().requireFits(own);
        List<? extends Hook> twin = reporting.twin();
        List<GeneratedToken> scored = new ArrayList<>();
        try (TensorScope scope = TensorScope.open("score a text")) {
            Tensor normalized = with(own).normalized(ids, promptLength); // [tokens, dModel]
            Tensor twins = twin == null ? null : with(twin).normalized(ids, promptLength);
            for (int from = 0; from < ids.length - 1; from += SCORED_AT_ONCE) {
                try (TensorScope window = TensorScope.open("score some tokens")) {
                    int count = Math.min(SCORED_AT_ONCE, ids.length - 1 - from);
                    Tensor logits = logits(normalized, from, count); // [count, dVocab]
                    Tensor others = twins == null ? null : logits(twins, from, count);
                    for (int t = 0; t < count; t++) {
                        int id = ids[from + t + 1];
                        NextToken predicted = NextToken.of(logits.select(0, t).toFloats());
                        NextToken other = others == null
                                ? null
                                : NextToken.of(others.select(0, t).toFloats());
                        String text = loaded.text.hasTokenizer() ? tokenizer().decode(new int[] {id}, false) : "";
                        scored.add(predicted.reported(id, text, reporting.alternatives(), other));
                    }
                }
            }
        }
        return scored;
    }

    private Tensor normalized(int[] ids, int promptLength) {
        return run(TokenBatch.of(ids), RunOptions.reading(HookPoint.normalized()), new int[] {promptLength})
                .row(HookPoint.normalized(), 0);
    }

    private Tensor logits(Tensor normalized, int from, int count) {
        return loaded.transformer.forward().logits(normalized.narrow(0, from, count));
    }

    /**
     * The direct effect of residual stream directions on the logits: W_U d, without the final norm, whose scale depends
     * on the rest of the residual stream, and without a soft cap. Hooks do not apply.
     *
     * @param directions `[…, dModel]`
     * @return `[…, dVocab]` in FP32 (FP64 in an FP64 model)
     */
    public Tensor directLogits(Tensor directions) {
        return loaded.transformer.forward().unembed(directions);
    }

    /**
     * The first hook point that overflows in a run over these tokens, and what was added there; empty if none does. For
     * diagnosing a run whose results are not finite.
     */
    public Optional<Problem> overflow(int[] ids) {
        return new Overflow(loaded.transformer.forward(), config(), dtype(), hooks).in(ids);
    }

    /** An empty KV cache for this model. */
    public KvCache newCache() {
        return loaded.transformer.forward().newCache();
    }

    /**
     * Generates one continuation per request. Rows do not affect each other: a row that overflows or fills its context
     * ends on its own and says why. With more than 8 rows on a GPU, their number may change last bits, which an
     * {@link #engine(EngineOptions) engine} can rule out. Without a tokenizer, the continuations are only token ids, and their texts are
     * empty.
     *
     * @throws IllegalArgumentException for ids outside the vocabulary, or a prompt longer than the model's context
     */
    public List<Generated> generate(List<GenerationRequest> requests, GenerationListener listener) {
        return new Generator(loaded.transformer, loaded.text, loaded.stopIds, hooks, EngineOptions.DEFAULT.fast(true))
                .generate(requests, listener);
    }

    /**
     * An engine that generates for many callers at once, with the hooks of this view and of each request. Close it before
     * the model.
     *
     * @param mostWaiting requests that may wait while others run; more are refused
     */
    public GenerationEngine engine(int mostWaiting) {
        return engine(EngineOptions.DEFAULT.waiting(mostWaiting));
    }

    /**
     * An engine with other options.
     *
     * <p>One that {@linkplain EngineOptions#keeping keeps} keys and values answers a request that begins like an earlier one
     * sooner, with the same bits. Tokens count as the same if hooks that equal each other acted on them, of which
     * {@link Hook#actsOn} tells; so the next turn of a chat does not begin with an answer that was steered otherwise. On a
     * GPU with recorded steps, prompts are kept in whole chunks of 512 tokens. Other models that do not run on the Java heap
     * ({@link #route}) keep nothing, since their bits depend on how a prompt is divided.
     */
    public GenerationEngine engine(EngineOptions options) {
        return new GenerationEngine(
                new Generator(loaded.transformer, loaded.text, loaded.stopIds, hooks, options),
                loaded.id.name(),
                options);
    }

    /**
     * Generates one continuation.
     *
     * @throws dev.pintle.base.PintleException if it overflows, naming the hook point and what was added there
     */
    public Generated generate(int[] prompt, Decoding decoding) {
        return generate(List.of(GenerationRequest.of(prompt, decoding)), GenerationListener.SILENT)
                .get(0)
                .requireFinite();
    }

    /** Answers one user turn. */
    public Generated chat(String user, Decoding decoding) {
        return chat(List.of(Message.user(user)), decoding);
    }

    /** Answers a conversation. */
    public Generated chat(List<Message> messages, Decoding decoding) {
        return generate(chatTokens(messages), decoding);
    }

    /** Releases the weights if this is the loaded model, not a view of it. */
    @Override
    public void close() {
        if (!view) {
            loaded.transformer.close();
            loaded.text.close();
        }
    }
}
