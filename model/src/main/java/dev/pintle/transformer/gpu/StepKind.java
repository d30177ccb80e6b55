package dev.pintle.transformer.gpu;

/**
 * What a recording is specialised for.
 *
 * @param rows of the step
 * @param blocks thread blocks among which attention divides a row's tokens
 * @param changing whether hooks change rows between blocks
 * @param products how products are computed
 */
record StepKind(int rows, int blocks, boolean changing, Products products) {
    /** How products are computed. */
    enum Products {
        /** With sums of a row that do not depend on the other rows. */
        OWN,
        /** By libtorch. */
        LIBRARY
    }
}
