package dev.pintle.study;

import java.util.OptionalInt;

/** What a {@link Study} found: a record of plain numbers and texts, which JSON keeps to the bit. */
public interface StudyResult {
    /** The latent that stands for the concept, where the study chose one. */
    default OptionalInt conceptLatent() {
        return OptionalInt.empty();
    }
}
