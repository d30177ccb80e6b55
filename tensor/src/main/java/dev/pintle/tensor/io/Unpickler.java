package dev.pintle.tensor.io;

import dev.pintle.base.Excerpt;
import dev.pintle.base.FileProblems;
import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.tensor.DType;
import dev.pintle.tensor.Shape;
import dev.pintle.tensor.io.TorchCheckpoint.TensorRef;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/*
 * Why not a general unpickler: a pickle is a program. Its GLOBAL opcode names any function in the reader's environment
 * and REDUCE calls it, so loading a file means running it. This reader knows the opcodes that torch.save writes for
 * containers, numbers, text and tensors, and a closed list of names, none of which it calls: a name only selects how
 * its arguments are interpreted (reduce, below). The first name outside the list aborts the load.
 *
 * A pickle can also be small and its result large, or endless. Hence the limits on containers, items, memo and marks,
 * the requirement that dict keys are plain values (hashing one that contains itself would not end), and a final walk
 * (sealed) that refuses values that contain themselves or are nested too deeply to be printed or compared.
 *
 * Opcodes: CPython's Lib/pickletools.py. What torch writes: torch/serialization.py and torch/_utils.py.
 */
/** Turns the pickle of a PyTorch file into plain values, and refuses anything else. */
final class Unpickler {
    /** Maximum nesting depth of containers. */
    static final int MAX_DEPTH = 200;

    private static final int MAX_CONTAINERS = 2_000_000;
    private static final int MAX_ITEMS = 4_000_000;
    private static final int MAX_MARKS = 1_000;
    // A view may repeat elements of its storage (stride 0), but not expand a few bytes into gigabytes.
    private static final long MAX_REPEATED = 1L << 24;

    private static final Map<String, DType> STORAGES = Map.of(
            "torch.DoubleStorage", DType.FP64,
            "torch.FloatStorage", DType.FP32,
            "torch.HalfStorage", DType.FP16,
            "torch.BFloat16Storage", DType.BF16,
            "torch.LongStorage", DType.INT64,
            "torch.IntStorage", DType.INT32,
            "torch.ShortStorage", DType.INT16,
            "torch.CharStorage", DType.INT8,
            "torch.ByteStorage", DType.UINT8,
            "torch.BoolStorage", DType.BOOL);
    private static final String ORDERED_DICT = "collections.OrderedDict";
    private static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
    private static final String REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
    private static final String SIZE = "torch.Size";
    private static final String DEVICE = "torch.device";
    private static final String STEERING_VECTOR = "steering_vectors.steering_vector.SteeringVector";
    private static final List<String> CALLABLE =
            List.of(ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, SIZE, DEVICE, STEERING_VECTOR);

    /** Whether the file contains a storage. */
    interface Storages {
        /**
         * @throws PintleException if there is none with this key and size
         */
        void require(String key, DType dtype, long elements) throws IOException;
    }

    private record Global(String name) {}

    private record Storage(String key, DType dtype, long elements) {}

    private record Tuple(List<@Nullable Object> items) {}

    /** An instance of a class of which only the data is read. */
    private record DataRecord(Map<@Nullable Object, @Nullable Object> state) {}

    private final Path path;
    private final Cursor in;
    private final Storages storages;
    private final List<@Nullable Object> stack = new ArrayList<>();
    private final int[] marks = new int[MAX_MARKS];
    private final Map<Long, @Nullable Object> memo = new HashMap<>();
    private int markCount;
    private int containers;
    private long items;

    Unpickler(byte[] pickle, Path path, Storages storages) {
        this.path = path;
        this.in = Cursor.over(pickle, path, "pickle");
        this.storages = storages;
    }

    /**
     * The value: {@code null}, Boolean, Long, Double, String, {@link TensorRef}, or an unmodifiable List or Map of
     * these.
     */
    @Nullable
    Object load() throws IOException {
        while (true) {
            int op = in.u8();
            if (op == '.') {
                if (stack.size() != 1 || markCount != 0) {
                    throw in.malformed("one value at its end", stack.size() + " values");
                }
                return sealed(pop(), 0, new IdentityHashMap<>());
            }
            step(op);
        }
    }

    private void step(int op) throws IOException {
        switch (op) {
            case 0x80 -> protocol();
            case 0x95 -> frame();
            case '(' -> mark();
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(peek());
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.i32());
            case 'K' -> push((long) in.u8());
            case 'M' -> push((long) in.u16());
            case 0x8a -> push(integer(in.bytes(in.u8())));
            case 'G' -> push(in.f64BigEndian());
            case 'X' -> push(in.text(in.u32()));
            case 0x8c -> push(in.text(in.u8()));
            case 0x8d -> push(in.text(in.i64()));
            case ']' -> push(container(new ArrayList<>()));
            case '}' -> push(container(new LinkedHashMap<>()));
            case ')' -> push(tuple());
            case 0x85 -> push(tuple(pop()));
            case 0x86 -> pushTuple(2);
            case 0x87 -> pushTuple(3);
            case 't' -> push(container(new Tuple(counted(popToMark()))));
            case 'l' -> push(container(counted(popToMark())));
            case 'a' -> append(Collections.singletonList(pop()));
            case 'e' -> append(popToMark());
            case 's' -> setTwo();
            case 'u' -> set(popToMark());
            case 'q' -> memoize(in.u8());
            case 'r' -> memoize(in.u32());
            case 0x94 -> memoize(memo.size());
            case 'h' -> push(recall(in.u8()));
            case 'j' -> push(recall(in.u32()));
            case 'c' -> push(global(in.line(200), in.line(200)));
            case 0x93 -> stackGlobal();
            case 'R' -> reduce();
            case 0x81 -> reduce(); // NEWOBJ: the class and its arguments are laid out like a function and its arguments
            case 'b' -> build();
            case 'Q' -> push(storage(pop()));
            default ->
                throw in.problem("The pickle uses an unsupported opcode.")
                        .fact("operation", String.format(java.util.Locale.ROOT, "0x%02x", op))
                        .toException();
        }
    }

    // ---------------------------------------------------------------- the stack

    private void push(@Nullable Object value) {
        if (stack.size() >= MAX_ITEMS) {
            throw tooLarge("values waiting", MAX_ITEMS);
        }
        stack.add(value);
    }

    private @Nullable Object pop() {
        peek();
        return stack.remove(stack.size() - 1);
    }

    private @Nullable Object peek() {
        if (stack.size() <= (markCount == 0 ? 0 : marks[markCount - 1])) {
            throw in.malformed("a value", "none");
        }
        return stack.get(stack.size() - 1);
    }

    private void mark() {
        if (markCount == MAX_MARKS) {
            throw tooLarge("marks", MAX_MARKS);
        }
        marks[markCount++] = stack.size();
    }

    private List<@Nullable Object> popToMark() {
        if (markCount == 0) {
            throw in.malformed("a mark", "none");
        }
        List<@Nullable Object> above = stack.subList(marks[--markCount], stack.size());
        List<@Nullable Object> values = new ArrayList<>(above);
        above.clear();
        return values;
    }

    private void memoize(long key) {
        if (memo.size() >= MAX_CONTAINERS && !memo.containsKey(key)) {
            throw tooLarge("memo entries", MAX_CONTAINERS);
        }
        memo.put(key, peek());
    }

    private @Nullable Object recall(long key) {
        if (!memo.containsKey(key)) {
            throw in.malformed("a memo entry that was written", "entry " + key);
        }
        return memo.get(key);
    }

    // ---------------------------------------------------------------- plain values

    private void protocol() {
        int version = in.u8();
        if (version < 2 || version > 5) {
            throw in.malformed("protocol 2 to 5", "protocol " + version);
        }
    }

    private void frame() {
        long length = in.i64();
        if (length < 0 || length > in.remaining()) {
            throw in.malformed("a frame within the pickle", "one of " + Long.toUnsignedString(length) + " bytes");
        }
    }

    private long integer(byte[] littleEndian) {
        if (littleEndian.length == 0) {
            return 0;
        }
        byte[] bigEndian = new byte[littleEndian.length];
        for (int i = 0; i < bigEndian.length; i++) {
            bigEndian[i] = littleEndian[bigEndian.length - 1 - i];
        }
        BigInteger value = new BigInteger(bigEndian);
        if (value.bitLength() > 63) {
            throw in.malformed("64-bit integers", "one of " + (value.bitLength() + 1) + " bits");
        }
        return value.longValue();
    }

    private <T> T container(T made) {
        if (++containers > MAX_CONTAINERS) {
            throw tooLarge("containers", MAX_CONTAINERS);
        }
        return made;
    }

    private List<@Nullable Object> counted(List<@Nullable Object> values) {
        requireItems(values.size());
        return values;
    }

    private void requireItems(int more) {
        items += more;
        if (items > MAX_ITEMS) {
            throw tooLarge("items", MAX_ITEMS);
        }
    }

    private Tuple tuple(@Nullable Object... values) {
        return container(new Tuple(counted(Arrays.asList(values))));
    }

    private void pushTuple(int size) {
        @Nullable Object[] values = new @Nullable Object[size];
        for (int i = size - 1; i >= 0; i--) {
            values[i] = pop();
        }
        push(tuple(values));
    }

    @SuppressWarnings("unchecked") // every List on the stack was created here
    private void append(List<@Nullable Object> values) {
        if (!(peek() instanceof List<?> list)) {
            throw in.malformed("a list to append to", Names.kind(peek()));
        }
        ((List<@Nullable Object>) list).addAll(counted(values));
    }

    private void setTwo() {
        Object value = pop();
        Object key = pop();
        set(Arrays.asList(key, value));
    }

    @SuppressWarnings("unchecked") // every Map on the stack was created here
    private void set(List<@Nullable Object> pairs) {
        if (!(peek() instanceof Map<?, ?> dict) || pairs.size() % 2 != 0) {
            throw in.malformed("pairs for a dictionary", pairs.size() + " values for " + Names.kind(peek()));
        }
        counted(pairs);
        for (int i = 0; i < pairs.size(); i += 2) {
            Object key = pairs.get(i);
            if (!isPlain(key)) {
                throw in.malformed("dictionary keys that are text, numbers or None", Names.kind(key));
            }
            ((Map<@Nullable Object, @Nullable Object>) dict).put(key, pairs.get(i + 1));
        }
    }

    private static boolean isPlain(@Nullable Object value) {
        return value == null
                || value instanceof String
                || value instanceof Long
                || value instanceof Double
                || value instanceof Boolean;
    }

    // ---------------------------------------------------------------- names and what they select

    private void stackGlobal() {
        Object name = pop();
        Object module = pop();
        if (!(name instanceof String n) || !(module instanceof String m)) {
            throw in.malformed("the names of a module and of something in it", Names.kind(module));
        }
        push(global(m, n));
    }

    private Global global(String module, String name) {
        String full = module + "." + name;
        if (!CALLABLE.contains(full) && !STORAGES.containsKey(full)) {
            throw Problem.of("Refused to load " + Excerpt.of(String.valueOf(path.getFileName())) + ": it asks for "
                            + Excerpt.of(full) + ".")
                    .fact("file", path.toAbsolutePath())
                    .fact("expected", "tensors and plain values only; nothing in the file is executed")
                    .fact("try", "torch.save of a plain dict of tensors, or safetensors")
                    .toException();
        }
        return new Global(full);
    }

    private void reduce() throws IOException {
        Object args = pop();
        Object function = pop();
        if (!(function instanceof Global global) || !(args instanceof Tuple tuple)) {
            throw in.malformed("a name and its arguments", Names.kind(function) + " and " + Names.kind(args));
        }
        List<@Nullable Object> values = tuple.items();
        switch (global.name()) {
            case ORDERED_DICT -> {
                requireArguments(global, values.isEmpty());
                push(container(new LinkedHashMap<>()));
            }
            case STEERING_VECTOR -> {
                requireArguments(global, values.isEmpty());
                push(container(new DataRecord(new LinkedHashMap<>())));
            }
            case REBUILD_TENSOR -> push(tensor(global, values));
            case REBUILD_PARAMETER -> {
                requireArguments(global, values.size() == 3 && values.get(0) instanceof TensorRef);
                push(values.get(0));
            }
            case SIZE -> {
                requireArguments(global, values.size() == 1 && values.get(0) instanceof Tuple);
                longs(global, values.get(0));
                push(values.get(0));
            }
            case DEVICE -> push(device(global, values));
            default -> throw in.malformed("a function", global.name());
        }
    }

    private void requireArguments(Global global, boolean fit) {
        if (!fit) {
            throw in.malformed("the arguments that PyTorch writes for " + global.name(), "others");
        }
    }

    private String device(Global global, List<@Nullable Object> values) {
        requireArguments(global, !values.isEmpty() && values.size() <= 2 && values.get(0) instanceof String);
        if (values.size() == 1) {
            return String.valueOf(values.get(0));
        }
        requireArguments(global, values.get(1) instanceof Long);
        return values.get(0) + ":" + values.get(1);
    }

    private long[] longs(Global global, @Nullable Object value) {
        if (value instanceof Tuple tuple
                && tuple.items().size() <= Layout.MAX_RANK
                && tuple.items().stream().allMatch(Long.class::isInstance)) {
            return tuple.items().stream().mapToLong(i -> (Long) i).toArray();
        }
        throw in.malformed("at most " + Layout.MAX_RANK + " integers for " + global.name(), Names.kind(value));
    }

    /** {@code ('storage', class, key, location, elements)}. */
    private Storage storage(@Nullable Object id) throws IOException {
        if (id instanceof Tuple tuple
                && tuple.items().size() == 5
                && "storage".equals(tuple.items().get(0))
                && tuple.items().get(1) instanceof Global type
                && tuple.items().get(2) instanceof String key
                && tuple.items().get(4) instanceof Long elements) {
            DType dtype = STORAGES.get(type.name());
            if (dtype != null) {
                storages.require(key, dtype, elements);
                return new Storage(key, dtype, elements);
            }
        }
        throw in.malformed("('storage', class, key, location, elements)", Names.kind(id));
    }

    /** {@code (storage, offset, size, stride, requires_grad, backward_hooks)}; newer versions append metadata. */
    private TensorRef tensor(Global global, List<@Nullable Object> values) {
        requireArguments(global, values.size() == 6 || values.size() == 7);
        if (!(values.get(0) instanceof Storage storage) || !(values.get(1) instanceof Long offset)) {
            throw in.malformed("a storage and an offset", Names.kind(values.get(0)));
        }
        long[] sizes = longs(global, values.get(2));
        long[] strides = longs(global, values.get(3));
        Shape shape =
                Layout.shape(sizes, storage.dtype(), () -> in.problem("The pickle gives a tensor an invalid shape."));
        boolean signs = offset >= 0 && Arrays.stream(strides).allMatch(s -> s >= 0) && strides.length == sizes.length;
        long span = signs ? Layout.span(shape, strides) : -1;
        boolean fits = shape.elements() == 0
                ? signs && offset <= storage.elements()
                : span >= 0 && offset <= storage.elements() - span;
        if (!fits || shape.elements() > Math.max(storage.elements(), MAX_REPEATED)) {
            throw in.problem("A tensor extends beyond its storage.")
                    .fact("storage", Excerpt.of(storage.key()) + ", " + storage.elements() + " " + storage.dtype())
                    .fact("offset", offset)
                    .fact("size", Arrays.toString(sizes))
                    .fact("stride", Arrays.toString(strides))
                    .toException();
        }
        return new TensorRef(
                storage.key(),
                storage.dtype(),
                shape,
                offset,
                Arrays.stream(strides).boxed().toList());
    }

    /**
     * Attributes set on an object: kept for a data record, read and dropped for an OrderedDict ({@code _metadata}).
     */
    private void build() {
        Object state = pop();
        Object target = peek();
        if (!(state instanceof Map<?, ?> attributes) || !(target instanceof Map || target instanceof DataRecord)) {
            throw in.malformed("attributes for an object", Names.kind(state) + " for " + Names.kind(target));
        }
        if (target instanceof DataRecord data) {
            requireItems(attributes.size());
            data.state().putAll(attributes);
        }
    }

    // ---------------------------------------------------------------- the result

    /**
     * Replaces tuples and records by lists and maps and makes everything unmodifiable, in place and once per object,
     * however often it is shared.
     *
     * @param done what each container became; the container itself while it is being processed
     */
    private @Nullable Object sealed(@Nullable Object value, int depth, IdentityHashMap<Object, Object> done) {
        if (value == null || isPlain(value) || value instanceof TensorRef) {
            return value;
        }
        Object before = done.get(value);
        if (before == value || depth > MAX_DEPTH) {
            throw FileProblems.of("The pickle of the file is nested too deeply.", path)
                    .fact("expected", "at most " + MAX_DEPTH + " levels, and no value that contains itself")
                    .toException();
        }
        if (before != null) {
            return before;
        }
        done.put(value, value);
        Object result;
        if (value instanceof List<?> list) {
            result = sealedList(list, depth, done);
        } else if (value instanceof Tuple tuple) {
            result = sealedList(tuple.items(), depth, done);
        } else if (value instanceof Map<?, ?> dict) {
            result = sealedMap(dict, depth, done);
        } else if (value instanceof DataRecord data) {
            result = sealedMap(data.state(), depth, done);
        } else {
            throw in.malformed(
                    "plain values and tensors", "a bare " + Names.kind(value).toLowerCase(java.util.Locale.ROOT));
        }
        done.put(value, result);
        return result;
    }

    @SuppressWarnings("unchecked") // made here
    private List<@Nullable Object> sealedList(List<?> list, int depth, IdentityHashMap<Object, Object> done) {
        List<@Nullable Object> values = (List<@Nullable Object>) list;
        values.replaceAll(item -> sealed(item, depth + 1, done));
        return Collections.unmodifiableList(values);
    }

    @SuppressWarnings("unchecked") // made here
    private Map<@Nullable Object, @Nullable Object> sealedMap(
            Map<?, ?> map, int depth, IdentityHashMap<Object, Object> done) {
        Map<@Nullable Object, @Nullable Object> values = (Map<@Nullable Object, @Nullable Object>) map;
        values.replaceAll((key, value) -> sealed(value, depth + 1, done));
        return Collections.unmodifiableMap(values);
    }

    private PintleException tooLarge(String what, int most) {
        return in.problem("The pickle of the file expands to more than is allowed.")
                .fact("expected", "at most " + most + " " + what)
                .toException();
    }
}
