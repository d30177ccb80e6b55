package dev.pintle.steering;

/** What a file of another tool may leave open about its vectors. */
public final class VectorHints {
    private static final int OPEN = Integer.MIN_VALUE;

    private final int layer;
    private final int position;
    private final boolean projections;

    private VectorHints(int layer, int position, boolean projections) {
        this.layer = layer;
        this.position = position;
        this.projections = projections;
    }

    /** Nothing is known. */
    public static VectorHints none() {
        return new VectorHints(OPEN, OPEN, false);
    }

    /** The block, from 0, whose output a vector belongs to, where the file does not say; else which of its layers to take. */
    public VectorHints layer(int block) {
        return new VectorHints(block, position, projections);
    }

    /** Which position of a file of directions by position to take; negative counts from the end. */
    public VectorHints position(int index) {
        return new VectorHints(layer, index, projections);
    }

    /** Read also directions that the file means to be projected out or clamped, which are not for addition. */
    public VectorHints withProjections() {
        return new VectorHints(layer, position, true);
    }

    boolean hasLayer() {
        return layer != OPEN;
    }

    int layer() {
        return layer;
    }

    boolean hasPosition() {
        return position != OPEN;
    }

    int position() {
        return position;
    }

    boolean allowsProjections() {
        return projections;
    }
}
