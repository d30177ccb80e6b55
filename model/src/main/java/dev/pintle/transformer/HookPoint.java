package dev.pintle.transformer;

import dev.pintle.base.Problem;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A place in the forward pass where an activation can be read or replaced, named as in TransformerLens:
 * {@code blocks.12.hook_resid_post}, {@code blocks.12.attn.hook_z}.
 *
 * @param site which activation
 * @param layer 0-based number of the block; -1 for sites before the first or after the last block
 */
public record HookPoint(Site site, int layer) implements Comparable<HookPoint> {
    private static final Pattern NAME = Pattern.compile("blocks\\.(\\d{1,5})\\.([\\w.]+)");

    /** The named activations of the forward pass, in the order in which they are computed. */
    public enum Site {
        /** The token embeddings, as the first block reads them. */
        EMBED("hook_embed", "batch tokens dModel"),
        /** The residual stream before the block. */
        RESID_PRE("hook_resid_pre", "batch tokens dModel"),
        /** Queries after projection, before their norm and rotation. */
        ATTN_Q("attn.hook_q", "batch tokens nHeads dHead"),
        /** Keys after projection, before their norm and rotation. */
        ATTN_K("attn.hook_k", "batch tokens nKvHeads dHead"),
        /** Values after projection. */
        ATTN_V("attn.hook_v", "batch tokens nKvHeads dHead"),
        /** The attention weights of each query: the softmax of the scores. */
        ATTN_PATTERN("attn.hook_pattern", "batch nHeads tokens slots"),
        /** Values mixed by the pattern, the input of the output projection. */
        ATTN_Z("attn.hook_z", "batch tokens nHeads dHead"),
        /** What attention adds to the residual stream. */
        ATTN_OUT("hook_attn_out", "batch tokens dModel"),
        /** The residual stream between attention and MLP. */
        RESID_MID("hook_resid_mid", "batch tokens dModel"),
        /** The logits of a router, by which it chooses the experts of a token. */
        ROUTER("mlp.hook_router", "batch tokens nExperts"),
        /**
         * The factor on each expert's output, 0 for experts that were not chosen. An expert whose factor a hook sets runs, and
         * one whose factor it sets to 0 does not.
         */
        EXPERT_WEIGHTS("mlp.hook_expert_weights", "batch tokens nExperts"),
        /** The output of each expert before its factor; 0 where it did not run. */
        EXPERT_OUT("mlp.hook_expert_out", "batch tokens nExperts dModel"),
        /** The input of the MLP's activation function; in a gated MLP, the gate. */
        MLP_PRE("mlp.hook_pre", "batch tokens dMlp"),
        /** The input of the MLP's down projection. */
        MLP_POST("mlp.hook_post", "batch tokens dMlp"),
        /** What the MLP adds to the residual stream. */
        MLP_OUT("hook_mlp_out", "batch tokens dModel"),
        /** The residual stream after the block. */
        RESID_POST("hook_resid_post", "batch tokens dModel"),
        /** The final residual stream after the final norm, as the unembedding reads it. */
        NORMALIZED("ln_final.hook_normalized", "batch tokens dModel");

        /** All sites inside blocks. */
        public static final Set<Site> OF_BLOCKS = Collections.unmodifiableSet(EnumSet.range(RESID_PRE, RESID_POST));

        /** Those of a mixture of experts. */
        public static final Set<Site> OF_EXPERTS = Collections.unmodifiableSet(EnumSet.range(ROUTER, EXPERT_OUT));

        /** Those of a block without a mixture of experts. */
        public static final Set<Site> OF_DENSE_BLOCKS = Collections.unmodifiableSet(withoutExperts());

        private final String suffix;
        private final String axes;

        Site(String suffix, String axes) {
            this.suffix = suffix;
            this.axes = axes;
        }

        private static Set<Site> withoutExperts() {
            Set<Site> sites = EnumSet.copyOf(OF_BLOCKS);
            sites.removeAll(OF_EXPERTS);
            return sites;
        }

        /** The name without the block: {@code hook_resid_post}. */
        public String suffix() {
            return suffix;
        }

        /** The axes of the activation, by name: {@code batch, tokens, dModel}. */
        public List<String> axes() {
            return List.of(axes.split(" ", -1));
        }

        /** Whether the activation is one vector per token, `[batch, tokens, width]`. */
        public boolean hasVectors() {
            return axes().size() == 3;
        }

        /** Whether the activation is the residual stream, or is added to it: one vector `[dModel]` per token. */
        public boolean hasWidthOfModel() {
            return axes.equals("batch tokens dModel");
        }

        /** Whether the site is inside blocks. */
        public boolean isOfBlocks() {
            return OF_BLOCKS.contains(this);
        }
    }

    /** @throws IllegalArgumentException if a site inside blocks has a negative layer, or another site has a layer */
    public HookPoint {
        if (site.isOfBlocks() == (layer == -1) || layer < -1) {
            throw Problem.of("Layers count from 0, and only sites inside blocks have one.")
                    .fact("site", site.suffix())
                    .fact("layer", layer)
                    .toIllegalArgument();
        }
    }

    /** The token embeddings. */
    public static HookPoint embed() {
        return new HookPoint(Site.EMBED, -1);
    }

    /** The residual stream before block {@code layer}. */
    public static HookPoint residPre(int layer) {
        return new HookPoint(Site.RESID_PRE, layer);
    }

    /** What attention in block {@code layer} adds to the residual stream. */
    public static HookPoint attnOut(int layer) {
        return new HookPoint(Site.ATTN_OUT, layer);
    }

    /** The residual stream inside block {@code layer}, after attention. */
    public static HookPoint residMid(int layer) {
        return new HookPoint(Site.RESID_MID, layer);
    }

    /** What the MLP in block {@code layer} adds to the residual stream. */
    public static HookPoint mlpOut(int layer) {
        return new HookPoint(Site.MLP_OUT, layer);
    }

    /** The residual stream after block {@code layer}. */
    public static HookPoint residPost(int layer) {
        return new HookPoint(Site.RESID_POST, layer);
    }

    /** The final residual stream after the final norm. */
    public static HookPoint normalized() {
        return new HookPoint(Site.NORMALIZED, -1);
    }

    /**
     * Width of the activation's last axis in a model; -1 if that is the sequence length.
     *
     * @param model configuration of the model
     */
    public int width(ModelConfig model) {
        return model.dims().getOrDefault(site.axes().get(site.axes().size() - 1), -1);
    }

    /**
     * Requires that the activation is one vector of this width per token.
     *
     * @throws IllegalArgumentException naming the axes of the activation, or both widths
     */
    public void requireHolds(int width, ModelConfig model) {
        if (!site.hasVectors()) {
            throw Problem.of("This hook point does not have one vector per token.")
                    .fact("hook point", this)
                    .fact("activation", site.axes())
                    .fact("try", "a site of the residual stream, or of what attention or the MLP adds to it")
                    .toIllegalArgument();
        }
        if (width != width(model)) {
            throw Problem.of("The vector does not fit the model.")
                    .fact("vector", width + " wide")
                    .fact("model", site.axes().get(2) + " = " + width(model))
                    .toIllegalArgument();
        }
    }

    /** Number of elements per token of the activation, in sequences of {@code tokens}. */
    long elementsPerToken(ModelConfig model, long tokens) {
        return site.axes().stream()
                .filter(axis -> !axis.equals("batch") && !axis.equals("tokens"))
                .mapToLong(axis -> axis.equals("slots") ? tokens : model.dims().getOrDefault(axis, 1))
                .reduce(1, Math::multiplyExact);
    }

    /**
     * Parses a name such as {@code blocks.12.hook_resid_post} or {@code hook_embed}.
     *
     * @throws IllegalArgumentException listing the sites
     */
    public static HookPoint parse(String name) {
        Matcher matcher = NAME.matcher(name);
        boolean ofBlock = matcher.matches();
        String suffix = ofBlock ? matcher.group(2) : name;
        for (Site site : Site.values()) {
            if (site.isOfBlocks() == ofBlock && site.suffix.equals(suffix)) {
                return new HookPoint(site, ofBlock ? Integer.parseInt(matcher.group(1)) : -1);
            }
        }
        throw Problem.of("There is no such hook point.")
                .fact("expected", "hook_embed, blocks.N.SITE with N from 0, or ln_final.hook_normalized")
                .fact("sites", Site.OF_BLOCKS.stream().map(Site::suffix).collect(Collectors.joining(", ")))
                .fact("but was", name)
                .toIllegalArgument();
    }

    /**
     * Those whose names match a pattern, in which {@code *} stands for anything: {@code blocks.*.hook_resid_post}.
     *
     * @return in the order of the forward pass
     */
    public static SortedSet<HookPoint> matching(Collection<HookPoint> points, String pattern) {
        Pattern glob = Pattern.compile(Pattern.quote(pattern).replace("*", "\\E.*\\Q"));
        SortedSet<HookPoint> matching = new TreeSet<>();
        points.stream()
                .filter(point -> glob.matcher(point.toString()).matches())
                .forEach(matching::add);
        return matching;
    }

    /** In the order of the forward pass. */
    @Override
    public int compareTo(HookPoint other) {
        return Comparator.comparingInt(HookPoint::stage)
                .thenComparing(HookPoint::site)
                .compare(this, other);
    }

    private int stage() {
        return site == Site.NORMALIZED ? Integer.MAX_VALUE : layer;
    }

    /** The full name: {@code blocks.12.hook_resid_post}. */
    @Override
    public String toString() {
        return site.isOfBlocks() ? "blocks." + layer + "." + site.suffix : site.suffix;
    }
}
