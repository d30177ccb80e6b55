package dev.pintle.sae;

import dev.pintle.transformer.HookPoint;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Translates other libraries' names for places in a model to hook points; null for places that have none here. */
final class Sites {
    private static final Pattern HUGGING_FACE =
            Pattern.compile("(?:(?:transformer|gpt_neox|model)\\.)?(?:layers|h)\\.(\\d{1,5})(?:\\.(.*))?");

    private Sites() {}

    /** {@code blocks.12.hook_resid_post}. */
    static @Nullable HookPoint transformerLens(String name) {
        try {
            HookPoint point = HookPoint.parse(name);
            return point.site().hasVectors() ? point : null; // hook_z, for instance, has one vector per head
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** A name of either kind: SAELens can also read models through Hugging Face modules. */
    static @Nullable HookPoint either(String name) {
        HookPoint named = transformerLens(name);
        return named == null ? huggingFace(name) : named;
    }

    /**
     * {@code model.layers.12.output}, and what the MLP adds to the residual stream; in GPT-2 {@code transformer.h.12}, in
     * Pythia {@code gpt_neox.layers.12}. The output of their attention modules is what attention adds; that of {@code self_attn}
     * is not in every model, since there may be a norm after it.
     */
    static @Nullable HookPoint huggingFace(String name) {
        Matcher matcher = HUGGING_FACE.matcher(name);
        if (!matcher.matches()) {
            return null;
        }
        int layer = Integer.parseInt(matcher.group(1));
        String part = matcher.group(2) == null ? "" : matcher.group(2);
        return switch (part) {
            case "", "output" -> HookPoint.residPost(layer);
            case "input" -> HookPoint.residPre(layer);
            case "mlp", "mlp.output", "post_feedforward_layernorm.output" -> HookPoint.mlpOut(layer);
            case "attn", "attn.output", "attention", "attention.output" -> HookPoint.attnOut(layer);
            default -> null;
        };
    }
}
