package dev.pintle.spark;

import dev.pintle.base.Json;
import dev.pintle.model.LanguageModel;
import dev.pintle.study.RunManifest;
import dev.pintle.tensor.Engine;

/** What produced the numbers of a file, as its own metadata say; the same on every executor of a kind. */
final class TaskManifest {
    /** The key in a Parquet file's metadata. */
    static final String KEY = "pintle.manifest";

    private TaskManifest() {}

    /**
     * As JSON.
     *
     * @param job its name
     * @param settings of the job, as JSON
     */
    static String of(String job, String settings, LanguageModel loaded) {
        return "{\"pintle\":" + Json.line(RunManifest.version())
                + ",\"job\":" + Json.line(job)
                + ",\"settings\":" + settings
                + ",\"model\":" + Json.line(loaded.id().name())
                + ",\"model_revision\":" + Json.line(loaded.id().revision())
                + ",\"device\":" + Json.line(loaded.device().toString())
                + ",\"engine\":" + Json.line("libtorch " + Engine.version() + ", " + Engine.cpuCapability())
                + "}";
    }
}
