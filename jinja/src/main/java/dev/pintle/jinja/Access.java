package dev.pintle.jinja;

/** {@code object.name} and {@code object[index]}: each falls back to the other, and then to an undefined value. */
final class Access {
    private final Operations operations;
    private final Methods methods;

    Access(Operations operations) {
        this.operations = operations;
        this.methods = new Methods(operations);
    }

    /** {@code object.name}: attributes and methods first, then items. So {@code d.items} is always the method. */
    Object attribute(Object object, String name) {
        Object found = methods.attribute(object, name);
        if (found == null) {
            found = operations.itemOrNull(object, name);
        }
        return found == null ? Value.Undefined.member(object, name) : found;
    }

    /** {@code object[index]}: items first, then attributes. */
    Object item(Object object, Object index) {
        Object found = operations.itemOrNull(object, index);
        if (found == null && Operations.isText(index)) {
            found = methods.attribute(object, Operations.plain(index));
        }
        return found == null ? Value.Undefined.member(object, operations.text().of(index)) : found;
    }

    /** Only attributes, as in the attr filter. */
    Object attributeOnly(Object object, String name) {
        Object found = methods.attribute(object, name);
        return found == null ? Value.Undefined.member(object, name) : found;
    }
}
