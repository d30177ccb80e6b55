package dev.pintle.bench;

import dev.pintle.cli.CommandProvider;
import dev.pintle.cli.OptionRules;

/** Adds {@code pintle bench}. */
public final class BenchProvider implements CommandProvider {
    @Override
    public String name() {
        return "bench";
    }

    @Override
    public Object command() {
        return new BenchCommand();
    }

    @Override
    public void rules() {
        OptionRules.of("bench tensor").free("--device");
        OptionRules.of("bench soak").free("--count", "--dtype");
        OptionRules.of("bench styles").free("--layer");
        model("bench engine").free("--json");
        model("bench extract").free("--pairs", "--once", "--whole");
        model("bench harvest").free("--at", "--texts", "--tokens", "--out", "--buffer");
        model("bench memory").free("--d-sae", "--tokens");
        OptionRules.of("bench sae").free("--d-model", "--d-sae", "--tokens", "--device", "--dtype", "--shape");
        model("bench serve").free("--streams", "--prompt", "--tokens", "--soak", "--unsteered", "--fast");
        model("bench steer").free("--rows");
        model("bench studies").free("--latents", "--max-new-tokens");
    }

    private static OptionRules model(String command) {
        return OptionRules.of(command)
                .oneOf("one model is measured", "--model", "--shape")
                .free("--device", "--dtype", "--blocks");
    }
}
