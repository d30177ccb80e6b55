package dev.pintle.spark;

import dev.pintle.cli.CommandProvider;
import dev.pintle.cli.OptionRules;

/** Adds {@code pintle spark}. */
public final class SparkProvider implements CommandProvider {
    @Override
    public String name() {
        return "spark";
    }

    @Override
    public Object command() {
        return new SparkCommand();
    }

    @Override
    public void rules() {
        for (String where : new String[] {"spark local", "spark submit"}) {
            sweep(where);
            where(where, "fit").free("--sets", "--method", "--layer", "--aggregation", "--out", "-o", "--json");
            texts(where, "profile").free("--sae", "--sae-dtype");
            texts(where, "harvest").free("--at", "--layers", "--stored-as", "--shard-size", "--bos");
        }
    }

    private static void sweep(String where) {
        where(where, "sweep")
                .oneOf("concepts are styles or come from a file", "--style", "--concepts")
                .free(
                        "--method",
                        "--layer",
                        "--strengths",
                        "--positions",
                        "--questions",
                        "--max-new-tokens",
                        "--out",
                        "-o")
                .free("--json");
    }

    private static OptionRules texts(String where, String job) {
        return where(where, job)
                .free("--texts", "--parts", "--window", "--special-tokens", "--roles", "--out", "-o", "--json");
    }

    private static OptionRules where(String where, String job) {
        OptionRules rules = OptionRules.of(where + " " + job)
                .free("--model", "--dtype", "--device", "--quantise", "--pull", "--executor-memory");
        return where.endsWith("local") ? rules.free("--cores") : rules.free("--master", "--conf");
    }
}
