package dev.pintle.sae;

import dev.pintle.transformer.HookPoint;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names that other libraries give to places in a model, as hook points; null for places that have none here. */
final class Sites {
    private static final Pattern HUGGING_FACE = Pattern.compile("(?:model\\.)?layers\\.(\\d{1,5})(?:\\.(.*))?");

    private Sites() {}

    /** {@code blocks.12.hook_resid_post}. */
    static @Nullable HookPoint transformerLens(String name) {
        try {
            HookPoint point = HookPoint.parse(name);
            return point.site().hasVectors() ? point : null; // such as hook_z, whose heads the file's matrices join
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** A place under either kind of name: SAELens also reads models through Hugging Face's modules. */
    static @Nullable HookPoint either(String name) {
        HookPoint named = transformerLens(name);
        return named == null ? huggingFace(name) : named;
    }

    /** {@code model.layers.12.output}, and the output of MLP or attention where that is what is added. */
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
            default -> null;
        };
    }
}
