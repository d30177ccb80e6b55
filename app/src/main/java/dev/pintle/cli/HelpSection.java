package dev.pintle.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The sections of a command's help, in their order. */
public enum HelpSection {
    /** What a command reads. */
    INPUT("Input"),
    /** The texts that a fit compares. */
    PROMPTS("Contrasting prompts"),
    /** How a vector is fitted. */
    FITTING("Fitting"),
    /** Whatever belongs to no other section. */
    OPTIONS("Options"),
    /** Vectors and latents that steer. */
    STEERING("Steering"),
    /** How the concept is told. */
    SCORE("How the concept is told"),
    /** How the next token is chosen. */
    DECODING("Decoding"),
    /** Which autoencoder, and how it is read. */
    AUTOENCODER("Autoencoder"),
    /** Where labels come from. */
    LABELS("Labels"),
    /** Which model, and how it is loaded. */
    MODEL("Model"),
    /** What is written, and where. */
    OUTPUT("Output"),
    /** Help itself. */
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
    public @interface In {
        /** The section. */
        HelpSection value();
    }
}
