package dev.pintle.jinja;

/**
 * A token of a template.
 *
 * @param text the literal text, the name, the operator as written, or the string with escapes resolved
 * @param number the value of an integer or float, otherwise {@link Value.None#NONE}
 */
record Token(Kind kind, String text, Object number, Place place) {
    enum Kind {
        DATA,
        BLOCK_BEGIN,
        BLOCK_END,
        VARIABLE_BEGIN,
        VARIABLE_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind other) {
        return kind == other;
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** The token as shown in error messages. */
    String described() {
        return switch (kind) {
            case END -> "end of template";
            case DATA -> "text";
            case BLOCK_BEGIN -> "{%";
            case BLOCK_END -> "%}";
            case VARIABLE_BEGIN -> "{{";
            case VARIABLE_END -> "}}";
            case STRING -> "a string";
            default -> text;
        };
    }
}
