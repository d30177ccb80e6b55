package dev.pintle.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The sections of a command's help, in their order. */
enum HelpSection {
    INPUT("Input"),
    PROMPTS("Contrasting prompts"),
    FITTING("Fitting"),
    OPTIONS("Options"),
    STEERING("Steering"),
    SCORE("How the concept is told"),
    DECODING("Decoding"),
    AUTOENCODER("Autoencoder"),
    LABELS("Labels"),
    MODEL("Model"),
    OUTPUT("Output"),
    HELP("Help");

    private final String heading;

    HelpSection(String heading) {
        this.heading = heading;
    }

    String heading() {
        return heading;
    }

    /** Which section an option belongs to, or those of a class that have no own. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.FIELD, ElementType.TYPE})
    @interface In {
        /** The section. */
        HelpSection value();
    }
}
