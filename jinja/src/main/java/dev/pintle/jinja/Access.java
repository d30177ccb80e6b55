package dev.pintle.jinja;

/** {@code object.name} and {@code object[index]}: each falls back on the other, and on an undefined value. */
final class Access {
    private final Operations operations;
    private final Methods methods;

    Access(Operations operations) {
        this.operations = operations;
        this.methods = new Methods(operations);
    }

    /** {@code object.name}: an attribute or method first, then an item. So {@code d.items} is always the method. */
    Object attribute(Object object, String name) {
        Object found = methods.attribute(object, name);
        if (found == null) {
            found = operations.itemOrNull(object, name);
        }
        return found == null ? Value.Undefined.member(object, name) : found;
    }

    /** {@code object[index]}: an item first, then an attribute. */
    Object item(Object object, Object index) {
        Object found = operations.itemOrNull(object, index);
        if (found == null && Operations.isText(index)) {
            found = methods.attribute(object, Operations.plain(index));
        }
        return found == null ? Value.Undefined.member(object, operations.text().of(index)) : found;
    }

    /** The attribute alone, as the attr filter has it. */
    Object attributeOnly(Object object, String name) {
        Object found = methods.attribute(object, name);
        return found == null ? Value.Undefined.member(object, name) : found;
    }
}
