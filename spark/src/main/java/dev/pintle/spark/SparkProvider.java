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
        return SparkCommand.whole();
    }

    @Override
    public void rules() {
        for (String where : new String[] {"spark local", "spark submit"}) {
            job(where, "sweep")
                    .settings()
                    .oneOf("concepts are styles or come from a file", "--style", "--concepts")
                    .free("--questions", "--max-new-tokens");
            job(where, "evaluate").evaluated();
            job(where, "fit").free("--sets", "--method", "--layer", "--aggregation");
            job(where, "profile").collection().free("--parts", "--sae", "--sae-dtype");
            job(where, "harvest").collection().stored().free("--parts");
        }
    }

    private static OptionRules job(String where, String job) {
        OptionRules rules = OptionRules.of(where + " " + job)
                .free("--model", "--dtype", "--device", "--quantise", "--pull", "--executor-memory")
                .free("--out", "-o", "--json");
        return where.endsWith("local") ? rules.free("--cores") : rules.free("--master", "--conf");
    }
}
