package dev.pintle.hub;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;

/** Something from the hub that cannot be had, with the kind of reason for programs that want to go on. */
public final class HubException extends PintleException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** Kinds of reasons. */
    public enum Reason {
        /** There is no such repository, or it is private. */
        REPO_NOT_FOUND,
        /** The repository has no such branch, tag or commit. */
        REVISION_NOT_FOUND,
        /** The repository has no such file. */
        FILE_NOT_FOUND,
        /** The owner asks readers to accept terms first. */
        GATED,
        /** The server refuses, for another reason. */
        REFUSED,
        /** The network, the server or the connection failed, repeatedly. */
        UNREACHABLE,
        /** What arrived is not what was announced, or cannot be trusted. */
        DAMAGED,
        /** The disk is full or cannot be written. */
        DISK,
        /** It is not in the cache, and nothing may be asked of the network. */
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

    /** The kind of reason. */
    public Reason reason() {
        return reason;
    }
}
