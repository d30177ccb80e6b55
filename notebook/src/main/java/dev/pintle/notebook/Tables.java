package dev.pintle.notebook;

import dev.pintle.report.Words;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Tables out of records: a column for each component, whose name is its head, and a row for each record. */
final class Tables {
    private static final double SMALL = 1e-3;

    private Tables() {}

    static Rendered of(String caption, Collection<? extends Record> records) {
        if (records.isEmpty()) {
            return Rendered.text(caption + "\n(no rows)");
        }
        RecordComponent[] columns = records.iterator().next().getClass().getRecordComponents();
        List<List<String>> rows = new ArrayList<>();
        for (Record record : records) {
            rows.add(Arrays.stream(columns)
                    .map(column -> cell(value(column, record)))
                    .toList());
        }
        return of(
                caption,
                Arrays.stream(columns).map(column -> head(column.getName())).toList(),
                rows,
                Arrays.stream(columns).map(column -> number(column.getType())).toList());
    }

    static Rendered of(String caption, List<String> head, List<List<String>> rows, List<Boolean> numbers) {
        return Rendered.html(
                Markup.plainTable(caption, head, rows, numbers),
                Markup.table(
                        caption,
                        head,
                        rows.stream()
                                .map(row -> row.stream().map(Markup::text).toList())
                                .toList(),
                        numbers));
    }

    /** Columns from {@code firstNumber} on hold numbers. */
    static List<Boolean> numbersFrom(int firstNumber, int columns) {
        return IntStream.range(0, columns).mapToObj(i -> i >= firstNumber).toList();
    }

    private static @Nullable Object value(RecordComponent column, Record record) {
        try {
            column.getAccessor().setAccessible(true); // a record of a cell is public, but its class may not be
            return column.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean number(Class<?> type) {
        return type.isPrimitive() && type != boolean.class && type != char.class || Number.class.isAssignableFrom(type);
    }

    /** {@code relativeError} as "relative error". */
    private static String head(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1 $2").replace('_', ' ').toLowerCase(Locale.ROOT);
    }

    /** A number with three decimals, or as a power of ten where those would say nothing; anything else as it says itself. */
    static String cell(@Nullable Object value) {
        if (value instanceof Double || value instanceof Float) {
            double number = ((Number) value).doubleValue();
            return number != 0 && Math.abs(number) < SMALL ? Words.text("%.1e", number) : Words.number(number);
        }
        return value instanceof Integer whole && Math.abs(whole) >= 10_000 ? Words.count(whole) : String.valueOf(value);
    }
}
