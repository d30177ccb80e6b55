package dev.pintle.quantised;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which columns of a weight `[out, in]` have scales in common. Columns that were quantised in the order of their importance
 * belong to groups in any order; they are then sorted by group.
 *
 * @param run columns of a group that follow each other, once sorted
 * @param columns which column of the weight each sorted column is; null where they are sorted as they are
 * @param group of each run
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Groups(int run, int @Nullable [] columns, int[] group) {
    /**
     * Groups of columns that follow each other.
     *
     * @param size of a group; the last may be smaller
     */
    static Groups inOrder(int size, int in) {
        int[] group = new int[(in + size - 1) / size];
        Arrays.setAll(group, run -> run);
        return new Groups(size, null, group);
    }

    /**
     * Groups by a list `[in]` that has the group of each column.
     *
     * @param part name of the list, for messages
     * @param size of a group, the last of which may be smaller
     */
    static Groups listed(Parts parts, String part, int count, int size) {
        int[] listed = parts.ints(part);
        int in = listed.length;
        boolean sorted = true;
        int[] sizes = new int[count];
        for (int column = 0; column < in; column++) {
            int group = listed[column];
            if (group < 0 || group >= count) {
                throw parts.problem("A column of a quantised weight belongs to a group that has no scale.", part)
                        .fact("column", column)
                        .fact("expected", "0 to " + (count - 1))
                        .fact("but was", group)
                        .fact("try", "another copy of the model")
                        .toException();
            }
            sorted &= group == column / size;
            sizes[group]++;
        }
        if (sorted) {
            return inOrder(size, in);
        }
        if (Arrays.stream(sizes).anyMatch(each -> each != size)) {
            return new Groups(1, null, listed);
        }
        int[] columns = new int[in];
        int[] next = new int[count];
        for (int column = 0; column < in; column++) {
            int group = listed[column];
            columns[group * size + next[group]++] = column;
        }
        return new Groups(size, columns, inOrder(size, in).group);
    }
}
