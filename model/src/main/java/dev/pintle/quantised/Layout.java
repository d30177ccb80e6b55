package dev.pintle.quantised;

import java.util.Set;

/** One way of storing the weight of a linear map in several tensors. */
interface Layout {
    /** What it is called in messages. */
    String name();

    /** What the names of its tensors consist of after the module's name, those included that are not needed to decode. */
    Set<String> parts();

    /** The tensors that say that a module is stored in this layout, if {@link #holds} agrees. */
    Set<String> marks();

    /** Whether a module that has one of the marks is stored in this layout. */
    default boolean holds(Parts parts) {
        return true;
    }

    /**
     * The weight of a module, which is not read yet.
     *
     * @throws dev.pintle.base.PintleException if a tensor is missing or does not have the shape or dtype that follows from the
     *     layout and the size
     */
    CodedMatrix open(Parts parts, int out, int in);
}
