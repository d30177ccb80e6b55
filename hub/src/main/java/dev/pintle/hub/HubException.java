package dev.pintle.hub;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;

/** Something could not be obtained from the hub, with a machine-readable reason. */
public final class HubException extends PintleException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** Why it failed. */
    public enum Reason {
        /** The repository does not exist, or it is private. */
        REPO_NOT_FOUND,
        /** The repository has no such branch, tag or commit. */
        REVISION_NOT_FOUND,
        /** The repository has no such file. */
        FILE_NOT_FOUND,
        /** The repository is gated; its terms must be accepted first. */
        GATED,
        /** The server refused for another reason. */
        REFUSED,
        /** The network, the server or the connection failed repeatedly. */
        UNREACHABLE,
        /** The downloaded data does not match what was announced, or cannot be trusted. */
        DAMAGED,
        /** The disk is full or not writable. */
        DISK,
        /** Not in the cache, and network access is disabled. */
        NOT_CACHED,
        /** The caller was interrupted. */
        STOPPED
    }

    private HubException(Reason reason, Problem problem, Throwable cause) {
        super(problem, cause);
        this.reason = reason;
    }

    private HubException(Reason reason, Problem problem) {
        super(problem);
        this.reason = reason;
    }

    static HubException of(Reason reason, Problem problem) {
        return new HubException(reason, problem);
    }

    static HubException of(Reason reason, Problem problem, Throwable cause) {
        return new HubException(reason, problem, cause);
    }

    /** Why it failed. */
    public Reason reason() {
        return reason;
    }
}
