package dev.pintle.hub;

/** Receives download progress. Two files are downloaded in parallel, so calls come from several threads. */
public interface HubListener {
    /** Ignores everything. */
    HubListener SILENT = new HubListener() {};

    /** The download that is about to start. */
    default void planned(HubPlan plan) {}

    /** Part of a file has arrived, or was found from an earlier attempt. */
    default void progress(String file, long bytesDone, long bytesTotal) {}

    /** A file is complete and in place. */
    default void finished(String file) {}

    /** A message worth showing, such as a pause requested by the server. */
    default void note(String text) {}
}
