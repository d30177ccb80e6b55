package dev.pintle.hub;

/** Hears how a download goes. Two files arrive at a time, so calls come from several threads. */
public interface HubListener {
    /** Hears nothing. */
    HubListener SILENT = new HubListener() {};

    /** What is about to be fetched. */
    default void planned(HubPlan plan) {}

    /** A part of a file has arrived, or was found here from an earlier attempt. */
    default void progress(String file, long bytesDone, long bytesTotal) {}

    /** A file is whole and in its place. */
    default void finished(String file) {}

    /** Something worth a line, such as a pause that the server asked for. */
    default void note(String text) {}
}
