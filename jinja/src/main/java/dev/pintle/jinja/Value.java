package dev.pintle.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Template values that are not plain Java values. As in the sandbox, a list or dict never changes after creation; only
 * a {@link Namespace} does.
 */
interface Value {
    /** Python's {@code None}. */
    enum None implements Value {
        NONE
    }

    /**
     * The value of an undefined name or attribute: prints as nothing, is false, and is an error in most other uses.
     */
    final class Undefined implements Value {
        private final String sentence;
        private final String[] facts;

        Undefined(String sentence, String... facts) {
            this.sentence = sentence;
            this.facts = facts;
        }

        static Undefined name(String name) {
            return new Undefined("The template uses a value that was not given.", "name", name);
        }

        static Undefined member(Object owner, String name) {
            return new Undefined(
                    "The template accesses something that the value does not have.",
                    "value",
                    Types.name(owner),
                    "has no",
                    name);
        }

        JinjaException error() {
            return JinjaException.of(sentence, facts);
        }
    }

    /** Text marked safe: whatever is appended to it is HTML-escaped. */
    record Markup(String text) implements Value {}

    /** A list or a tuple. */
    abstract class Elements implements Value, Iterable<Object> {
        private final List<Object> items;

        Elements(List<Object> items) {
            this.items = Collections.unmodifiableList(items);
        }

        List<Object> items() {
            return items;
        }

        int size() {
            return items.size();
        }

        @Override
        public Iterator<Object> iterator() {
            return items.iterator();
        }
    }

    final class ListValue extends Elements {
        ListValue(List<Object> items) {
            super(items);
        }
    }

    final class Tuple extends Elements {
        /** Whether this is a groupby pair, which can also be read as {@code grouper} and {@code list}. */
        private final boolean group;

        Tuple(List<Object> items) {
            this(items, false);
        }

        Tuple(List<Object> items, boolean group) {
            super(items);
            this.group = group;
        }

        static Tuple of(Object... items) {
            return new Tuple(List.of(items));
        }

        boolean isGroup() {
            return group;
        }
    }

    /** A dict, in insertion order. Keys that are equal in Python (1, 1.0, True) are the same key. */
    final class Dict implements Value {
        private final Map<Object, Map.Entry<Object, Object>> entries = new LinkedHashMap<>();

        Dict put(Object key, Object value) {
            Object canonical = canonical(key);
            Map.Entry<Object, Object> old = entries.get(canonical);
            entries.put(canonical, Map.entry(old == null ? key : old.getKey(), value));
            return this;
        }

        @Nullable
        Object get(Object key) {
            Map.Entry<Object, Object> entry = entries.get(canonical(key));
            return entry == null ? null : entry.getValue();
        }

        boolean has(Object key) {
            return entries.containsKey(canonical(key));
        }

        int size() {
            return entries.size();
        }

        List<Object> keys() {
            List<Object> keys = new ArrayList<>(size());
            entries.values().forEach(entry -> keys.add(entry.getKey()));
            return keys;
        }

        List<Object> values() {
            List<Object> values = new ArrayList<>(size());
            entries.values().forEach(entry -> values.add(entry.getValue()));
            return values;
        }

        List<Object> pairs() {
            List<Object> pairs = new ArrayList<>(size());
            entries.values().forEach(entry -> pairs.add(Tuple.of(entry.getKey(), entry.getValue())));
            return pairs;
        }

        Iterable<Map.Entry<Object, Object>> entries() {
            return entries.values();
        }

        /** A dict from a Java map. */
        static Dict of(Map<String, Object> map) {
            Dict dict = new Dict();
            map.forEach(dict::put);
            return dict;
        }

        /** A canonical form in which keys that are equal in Python are also equal in Java. */
        static Object canonical(Object key) {
            if (key instanceof Markup markup) {
                return markup.text();
            }
            if (key instanceof Boolean flag) {
                return flag ? 1L : 0L;
            }
            if (key instanceof Double number) {
                if (Double.isNaN(number) || Double.isInfinite(number) || number != Math.rint(number)) {
                    return number;
                }
                return Numbers.of(new BigDecimal(number).toBigInteger());
            }
            if (key instanceof Tuple tuple) {
                if (tuple.size() > 64) {
                    throw JinjaException.of("The template uses a long tuple as a key.");
                }
                List<Object> parts = new ArrayList<>();
                for (Object part : tuple) {
                    if (part instanceof Tuple) {
                        throw JinjaException.of("The template uses a tuple of tuples as a key.");
                    }
                    parts.add(canonical(part));
                }
                return new TupleKey(parts);
            }
            boolean view = key instanceof View found && found.kind() != View.Kind.VALUES;
            if (key instanceof ListValue || key instanceof Dict || view) {
                throw JinjaException.of(
                        "The template uses a value that cannot be a key as one.", "key", Types.name(key));
            }
            return key instanceof Undefined ? Undefined.class : key;
        }
    }

    /** A tuple as a key. It is comparable, so that a map can find it efficiently among keys with the same hash. */
    record TupleKey(List<Object> parts) implements Comparable<TupleKey> {
        @Override
        public int compareTo(TupleKey other) {
            int order = Integer.compare(parts.size(), other.parts.size());
            for (int i = 0; order == 0 && i < parts.size(); i++) {
                order = compare(parts.get(i), other.parts.get(i));
            }
            return order;
        }

        private static int compare(Object a, Object b) {
            if (a instanceof String x && b instanceof String y) {
                return x.compareTo(y);
            } else if (a instanceof Long x && b instanceof Long y) {
                return Long.compare(x, y);
            } else if (a instanceof BigInteger x && b instanceof BigInteger y) {
                return x.compareTo(y);
            } else if (a instanceof Double x && b instanceof Double y) {
                return Double.compare(x, y);
            }
            int order = a.getClass().getName().compareTo(b.getClass().getName());
            return order != 0 || a.equals(b)
                    ? order
                    : Integer.compare(System.identityHashCode(a), System.identityHashCode(b));
        }
    }

    /** {@code dict.keys()}, {@code values()} or {@code items()}. */
    record View(Kind kind, Dict dict) implements Value {
        enum Kind {
            KEYS,
            VALUES,
            ITEMS
        }

        List<Object> items() {
            return switch (kind) {
                case KEYS -> dict.keys();
                case VALUES -> dict.values();
                case ITEMS -> dict.pairs();
            };
        }
    }

    /** {@code range(start, stop, step)}. */
    record Range(long start, long stop, long step) implements Value, Iterable<Object> {
        int size() {
            BigInteger distance = BigInteger.valueOf(stop).subtract(BigInteger.valueOf(start));
            BigInteger width = BigInteger.valueOf(step);
            if (distance.signum() != width.signum()) {
                return 0;
            }
            BigInteger count =
                    distance.abs().subtract(BigInteger.ONE).divide(width.abs()).add(BigInteger.ONE);
            return count.bitLength() > 30 ? Integer.MAX_VALUE : count.intValue();
        }

        long get(int index) {
            return start + index * step;
        }

        /** Whether both contain the same numbers. */
        boolean sameAs(Range other) {
            int size = size();
            return size == other.size() && (size == 0 || (start == other.start && (size == 1 || step == other.step)));
        }

        /** Whether the range contains this integer. */
        boolean has(Object integer) {
            BigInteger wanted = Numbers.big(integer);
            if (size() == 0 || wanted.bitLength() > 62) {
                return false;
            }
            long distance = wanted.longValue() - start;
            return distance % step == 0 && distance / step >= 0 && distance / step < size();
        }

        @Override
        public Iterator<Object> iterator() {
            return new Iterator<>() {
                private int at;

                @Override
                public boolean hasNext() {
                    return at < size();
                }

                @Override
                public Object next() {
                    if (!hasNext()) {
                        throw new NoSuchElementException();
                    }
                    return get(at++);
                }
            };
        }
    }

    /** A lazy sequence that can be read once: the result of {@code map}, {@code select} and the like. */
    final class Lazy implements Value, Iterator<Object> {
        private final Iterator<? extends Object> source;

        Lazy(Iterator<? extends Object> source) {
            this.source = source;
        }

        @Override
        public boolean hasNext() {
            return source.hasNext();
        }

        @Override
        public Object next() {
            return source.next();
        }
    }

    /** An iterator that computes the next value on demand; {@code advance} returns null at the end. */
    abstract class Generated implements Iterator<Object> {
        private @Nullable Object ready;

        abstract @Nullable Object advance();

        @Override
        public boolean hasNext() {
            if (ready == null) {
                ready = advance();
            }
            return ready != null;
        }

        @Override
        public Object next() {
            Object value = hasNext() ? ready : null;
            ready = null;
            if (value == null) {
                throw new NoSuchElementException();
            }
            return value;
        }
    }

    /** {@code namespace(…)}: the only value whose attributes can be set. */
    record Namespace(Dict attributes) implements Value {}

    /** A value with its own attributes. */
    interface WithAttributes extends Value {
        /** The attribute, or null if there is none of that name. */
        @Nullable
        Object attribute(String name);
    }

    /** A value that can be called. */
    interface Callable extends Value {
        Object call(Arguments arguments);
    }

    /** A function or method of the engine. */
    record Function(String name, Body body) implements Callable {
        interface Body {
            Object call(Arguments arguments);
        }

        @Override
        public Object call(Arguments arguments) {
            return body.call(arguments);
        }
    }
}
