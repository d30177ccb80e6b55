package dev.pintle.hub;

import dev.pintle.base.Excerpt;
import dev.pintle.base.Problem;
import dev.pintle.hub.HubException.Reason;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpTimeoutException;
import java.util.Locale;

/** Explains error responses from the hub, based on its {@code X-Error-Code}. */
final class HubProblems {
    private static final String DISABLED = "Access to this resource is disabled.";

    private final HubSettings settings;

    HubProblems(HubSettings settings) {
        this.settings = settings;
    }

    /**
     * The error for a response.
     *
     * @param file the requested file, or "" for the repository as a whole
     */
    HubException of(int status, HttpHeaders headers, RepoId repo, String file) {
        String code = headers.firstValue("X-Error-Code").orElse("").toLowerCase(Locale.ROOT);
        String said = Excerpt.of(
                settings.token().hideIn(headers.firstValue("X-Error-Message").orElse("")));
        if (code.equals("revisionnotfound")) {
            return HubException.of(
                    Reason.REVISION_NOT_FOUND,
                    Problem.of("The repository has no such revision.")
                            .fact("repository", repo.name())
                            .fact("revision", repo.revision())
                            .fact("try", "a branch, tag or commit listed at " + page(repo)));
        }
        if (code.equals("entrynotfound")) {
            return noFile(repo, file);
        }
        if (code.equals("gatedrepo")) {
            return gated(repo, said);
        }
        if (said.equals(DISABLED)) {
            return HubException.of(
                    Reason.REFUSED,
                    Problem.of("The hub has disabled this repository.")
                            .fact("repository", repo.name())
                            .fact("server says", said));
        }
        if (code.equals("reponotfound") || (status == 401 && code.isEmpty()) || (status == 404 && file.isEmpty())) {
            return HubException.of(
                    Reason.REPO_NOT_FOUND,
                    said(
                                    Problem.of("There is no such repository, or it is private.")
                                            .fact("repository", repo.name())
                                            .fact("server", settings.endpoint())
                                            .fact("token", settings.token()),
                                    said)
                            .fact(
                                    "try",
                                    "check the name; for a private repository, use a valid token with read access in"
                                            + " HF_TOKEN"));
        }
        if (status == 404) {
            return noFile(repo, file);
        }
        if (status == 429) {
            return HubException.of(
                    Reason.UNREACHABLE,
                    Problem.of("The server asks for fewer requests.")
                            .fact("server", settings.endpoint())
                            .fact("status", status)
                            .fact("token", settings.token())
                            .fact("try", "again later; a token in HF_TOKEN raises the limit"));
        }
        if (Patience.mayPass(status)) {
            return HubException.of(
                    Reason.UNREACHABLE,
                    said(
                                    Problem.of("The server failed to respond.")
                                            .fact("server", settings.endpoint())
                                            .fact("status", status),
                                    said)
                            .fact("try", "again later; downloaded data is kept"));
        }
        return HubException.of(
                Reason.REFUSED,
                said(
                        Problem.of("The server refused the request.")
                                .fact("repository", repo.name())
                                .fact("file", file.isEmpty() ? "(file list)" : Excerpt.of(file))
                                .fact("status", status)
                                .fact("token", settings.token()),
                        said));
    }

    private HubException gated(RepoId repo, String said) {
        Problem problem = Problem.of("The repository is gated: its owner asks readers to accept terms first.")
                .fact("repository", repo.name())
                .fact("token", settings.token());
        problem = said(problem, said)
                .fact(
                        "try",
                        settings.token().isSet()
                                ? "accept the terms at " + page(repo) + " with the account of this token"
                                : "accept the terms at " + page(repo)
                                        + ", then set HF_TOKEN to a token of that account");
        if (settings.token().isSet()) {
            problem = problem.fact(
                    "try", "a token with permission to read gated repositories, if this one is fine-grained");
        }
        return HubException.of(Reason.GATED, problem);
    }

    HubException noFile(RepoId repo, String file) {
        return HubException.of(
                Reason.FILE_NOT_FOUND,
                Problem.of("The repository has no such file.")
                        .fact("repository", repo)
                        .fact("file", Excerpt.of(file))
                        .fact("try", "a file listed at " + page(repo)));
    }

    /** The error for a failed connection. */
    HubException unreachable(URI uri, IOException cause) {
        String why = cause instanceof HttpTimeoutException
                ? "no response in time"
                : cause instanceof ConnectException && cause.getMessage() == null
                        ? "no connection"
                        : settings.token()
                                .hideIn(cause.getMessage() == null ? "a broken connection" : cause.getMessage());
        return HubException.of(
                Reason.UNREACHABLE,
                Problem.of("The server cannot be reached.")
                        .fact("server", server(uri))
                        .fact("cause", why)
                        .fact(
                                "try",
                                "again later; or set HF_ENDPOINT to another server, or HF_HUB_OFFLINE=1 to use only the cache"),
                cause);
    }

    HubException notAsExpected(String sentence, String file, Object expected, Object found) {
        return HubException.of(
                Reason.DAMAGED,
                Problem.of(sentence)
                        .fact("file", Excerpt.of(file))
                        .fact("expected", expected)
                        .fact("but was", Excerpt.of(found))
                        .fact("try", "again; if the error persists, the file on the server is damaged"));
    }

    private String page(RepoId repo) {
        return settings.endpoint() + "/" + repo.name();
    }

    /** A URL without path and query, which may contain a signature. */
    static String server(URI uri) {
        return uri.getScheme() + "://" + uri.getRawAuthority();
    }

    private static Problem said(Problem problem, String said) {
        return said.isEmpty() ? problem : problem.fact("server says", said);
    }
}
