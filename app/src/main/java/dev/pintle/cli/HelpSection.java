package dev.pintle.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The sections of a command's help, in order of display. */
public enum HelpSection {
    /** What a command reads. */
    INPUT("Input"),
    /** The prompts or texts that a fit contrasts. */
    PROMPTS("Contrastive prompts"),
    /** How a vector is fitted. */
    FITTING("Fitting"),
    /** Options that belong to no other section. */
    OPTIONS("Options"),
    /** What steers, how strongly, and where. */
    STEERING("Steering"),
    /** How answers are scored for the concept. */
    SCORE("Scoring the concept"),
    /** How the next token is chosen. */
    DECODING("Decoding"),
    /** Which autoencoder, and how it is loaded. */
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

    /** Puts an option, or all options of a class that are not annotated themselves, into a section. */
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.FIELD, ElementType.TYPE})
    public @interface In {
        /** The section. */
        HelpSection value();
    }
}
