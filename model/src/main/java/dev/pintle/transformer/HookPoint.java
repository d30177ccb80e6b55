package dev.pintle.transformer;

import dev.pintle.base.Problem;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A place in the forward pass where activations `[batch, tokens, dModel]` can be read or replaced, under the name that
 * TransformerLens gave it: {@code blocks.12.hook_resid_post}.
 *
 * @param site which value of the block
 * @param layer number of the block from 0; -1 for the embedding, which is not a layer
 */
public record HookPoint(Site site, int layer) implements Comparable<HookPoint> {
    private static final Pattern NAME = Pattern.compile("blocks\\.(\\d{1,5})\\.(hook_\\w+)");

    /** The values of the forward pass that have a name, in the order they arise. */
    public enum Site {
        /** The token embeddings, as the first block reads them. */
        EMBED("hook_embed"),
        /** The residual stream before the block. */
        RESID_PRE("hook_resid_pre"),
        /** What attention adds to the residual stream. */
        ATTN_OUT("hook_attn_out"),
        /** The residual stream between attention and MLP. */
        RESID_MID("hook_resid_mid"),
        /** What the MLP adds to the residual stream. */
        MLP_OUT("hook_mlp_out"),
        /** The residual stream after the block. */
        RESID_POST("hook_resid_post");

        private final String suffix;

        Site(String suffix) {
            this.suffix = suffix;
        }

        /** The name without the block: {@code hook_resid_post}. */
        public String suffix() {
            return suffix;
        }
    }

    /** @throws IllegalArgumentException if a block's site has a negative layer or the embedding has one */
    public HookPoint {
        if ((site == Site.EMBED) != (layer == -1) || layer < -1) {
            throw Problem.of("Layers count from 0, and the embedding has none.")
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

    /** What attention of block {@code layer} adds. */
    public static HookPoint attnOut(int layer) {
        return new HookPoint(Site.ATTN_OUT, layer);
    }

    /** The residual stream inside block {@code layer}, after attention. */
    public static HookPoint residMid(int layer) {
        return new HookPoint(Site.RESID_MID, layer);
    }

    /** What the MLP of block {@code layer} adds. */
    public static HookPoint mlpOut(int layer) {
        return new HookPoint(Site.MLP_OUT, layer);
    }

    /** The residual stream after block {@code layer}. */
    public static HookPoint residPost(int layer) {
        return new HookPoint(Site.RESID_POST, layer);
    }

    /**
     * Reads a name such as {@code blocks.12.hook_resid_post} or {@code hook_embed}.
     *
     * @throws IllegalArgumentException naming the sites
     */
    public static HookPoint parse(String name) {
        if (name.equals(Site.EMBED.suffix)) {
            return embed();
        }
        Matcher matcher = NAME.matcher(name);
        if (matcher.matches()) {
            for (Site site : Site.values()) {
                if (site != Site.EMBED && site.suffix.equals(matcher.group(2))) {
                    return new HookPoint(site, Integer.parseInt(matcher.group(1)));
                }
            }
        }
        throw Problem.of("There is no such hook point.")
                .fact("expected", "hook_embed or blocks.N.SITE, N from 0")
                .fact(
                        "sites",
                        Arrays.stream(Site.values())
                                .filter(site -> site != Site.EMBED)
                                .map(Site::suffix)
                                .collect(Collectors.joining(", ")))
                .fact("but was", name)
                .toIllegalArgument();
    }

    /** In the order of the forward pass. */
    @Override
    public int compareTo(HookPoint other) {
        return layer != other.layer ? Integer.compare(layer, other.layer) : site.compareTo(other.site);
    }

    /** The full name: {@code blocks.12.hook_resid_post}. */
    @Override
    public String toString() {
        return site == Site.EMBED ? site.suffix : "blocks." + layer + "." + site.suffix;
    }
}
