package dev.pintle.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Python's arithmetic: unbounded integers ({@code Long}, or {@code BigInteger} beyond its range), floats, and booleans
 * as 0 and 1.
 */
final class Numbers {
    private static final int BITS = 1 << 16;

    /** The maximum number of digits of an integer, in any radix. */
    private static final int DIGITS = BITS + 1;

    private Numbers() {}

    /** Parses an integer. */
    static Object parsed(String digits, int radix) {
        if (digits.length() > (radix == 2 ? DIGITS : radix < 10 ? DIGITS / 3 + 1 : DIGITS / 3)) {
            throw JinjaException.of("The template creates a number that is too large.");
        }
        return of(new BigInteger(digits, radix));
    }

    /** An integer in canonical form. */
    static Object of(BigInteger value) {
        if (value.bitLength() > BITS) {
            throw JinjaException.of("The template creates a number that is too large.");
        }
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    static boolean isNumber(Object value) {
        return value instanceof Double || isInteger(value);
    }

    /** Whether a value counts as an integer; booleans do. */
    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
    }

    static BigInteger big(Object integer) {
        if (integer instanceof Boolean flag) {
            return flag ? BigInteger.ONE : BigInteger.ZERO;
        }
        return integer instanceof BigInteger value ? value : BigInteger.valueOf((Long) integer);
    }

    static double toDouble(Object number) {
        double value = number instanceof Double already ? already : big(number).doubleValue();
        if (Double.isInfinite(value) && !(number instanceof Double)) {
            throw JinjaException.of("The template converts an integer to a float that cannot hold it.");
        }
        return value;
    }

    /** An integer that can be used as an index. */
    static int index(Object value, String what) {
        if (!isInteger(value)) {
            throw JinjaException.of("The template needs an integer.", "for", what, "was given", Types.name(value));
        }
        BigInteger integer = big(value);
        if (integer.bitLength() > 31) {
            return integer.signum() > 0 ? Integer.MAX_VALUE : Integer.MIN_VALUE + 1;
        }
        return integer.intValue();
    }

    static Object apply(String operator, Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            return floats(operator, toDouble(left), toDouble(right));
        }
        BigInteger a = big(left);
        BigInteger b = big(right);
        return switch (operator) {
            case "+" -> of(a.add(b));
            case "-" -> of(a.subtract(b));
            case "*" -> of(a.multiply(b));
            case "/" -> {
                requireNonZero(b.signum() != 0);
                if (a.signum() == 0) {
                    yield b.signum() < 0 ? -0.0 : 0.0;
                }
                yield new BigDecimal(a)
                        .divide(new BigDecimal(b), new MathContext(400))
                        .doubleValue();
            }
            case "//" -> {
                requireNonZero(b.signum() != 0);
                yield of(floorDivide(a, b));
            }
            case "%" -> {
                requireNonZero(b.signum() != 0);
                yield of(a.subtract(floorDivide(a, b).multiply(b)));
            }
            case "**" -> {
                if (b.signum() < 0) {
                    yield floats("**", toDouble(left), toDouble(right));
                }
                if (a.abs().bitLength() <= 1) {
                    boolean negative = a.signum() < 0 && b.testBit(0);
                    yield of(b.signum() == 0 ? BigInteger.ONE : negative ? a : a.abs());
                }
                if (b.bitLength() > 17 || (long) a.bitLength() * b.intValue() > 2L * BITS) {
                    throw JinjaException.of("The template creates a number that is too large.");
                }
                yield of(a.pow(b.intValue()));
            }
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static BigInteger floorDivide(BigInteger a, BigInteger b) {
        BigInteger[] parts = a.divideAndRemainder(b);
        return parts[1].signum() != 0 && parts[1].signum() != b.signum() ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private static Object floats(String operator, double a, double b) {
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> {
                requireNonZero(b != 0);
                yield a / b;
            }
            case "//" -> {
                requireNonZero(b != 0);
                yield floorDivide(a, b);
            }
            case "%" -> {
                requireNonZero(b != 0);
                yield modulo(a, b);
            }
            case "**" -> {
                if ((a == 0 && b < 0)
                        || (a < 0 && b != Math.rint(b) && !Double.isInfinite(a) && !Double.isInfinite(b))) {
                    throw JinjaException.of("The template computes a power that is undefined.");
                }
                double power = a == 1 || (a == -1 && Double.isInfinite(b)) ? 1.0 : Math.pow(a, b);
                if (Double.isInfinite(power) && !Double.isInfinite(a) && !Double.isInfinite(b)) {
                    throw JinjaException.of("The template creates a number that is too large.");
                }
                yield power;
            }
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static double modulo(double a, double b) {
        double remainder = a % b;
        if (remainder == 0) {
            return Math.copySign(0.0, b);
        }
        return remainder < 0 != b < 0 ? remainder + b : remainder;
    }

    private static double floorDivide(double a, double b) {
        double remainder = a % b;
        double quotient = (a - remainder) / b;
        if (remainder != 0 && remainder < 0 != b < 0) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, a / b);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static void requireNonZero(boolean nonZero) {
        if (!nonZero) {
            throw JinjaException.of("The template divides by zero.");
        }
    }

    static Object negate(Object number) {
        return number instanceof Double value
                ? (Object) (-value)
                : of(big(number).negate());
    }

    /** Compares two numbers exactly; neither is NaN. */
    static int compare(Object left, Object right) {
        if (left instanceof Long a && right instanceof Long b) {
            return Long.compare(a, b);
        }
        if (left instanceof Double a && right instanceof Double b) {
            return a < b ? -1 : a > b ? 1 : 0;
        }
        if (left instanceof Double a && Double.isInfinite(a)) {
            return a > 0 ? 1 : -1;
        }
        if (right instanceof Double b && Double.isInfinite(b)) {
            return b > 0 ? -1 : 1;
        }
        return decimal(left).compareTo(decimal(right));
    }

    static boolean isNaN(Object number) {
        return number instanceof Double value && Double.isNaN(value);
    }

    private static BigDecimal decimal(Object number) {
        return number instanceof Double value ? new BigDecimal(value) : new BigDecimal(big(number));
    }

    /** A float as Python prints it: the shortest digits that parse back to the same float. */
    static String text(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        String sign = Double.doubleToRawLongBits(value) < 0 ? "-" : "";
        if (value == 0) {
            return sign + "0.0";
        }
        BigDecimal exact = new BigDecimal(Math.abs(value));
        BigDecimal shortest = exact;
        for (int digits = 1; digits <= 17; digits++) {
            shortest = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (shortest.doubleValue() == Math.abs(value)) {
                break;
            }
        }
        shortest = shortest.stripTrailingZeros();
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - shortest.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            String power = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : String.valueOf(Math.abs(exponent));
            return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + power;
        }
        String plain = shortest.toPlainString();
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    /** Python's {@code round}: halves round to even. */
    static Object round(Object number, int digits) {
        if (number instanceof Double value) {
            if (Double.isNaN(value) || Double.isInfinite(value) || digits > 400) {
                return value;
            }
            double rounded = new BigDecimal(value)
                    .setScale(Math.max(digits, -400), RoundingMode.HALF_EVEN)
                    .doubleValue();
            return Math.copySign(rounded, value);
        }
        BigInteger integer = big(number);
        if (digits >= 0) {
            return of(integer);
        }
        return of(new BigDecimal(integer)
                .setScale(Math.max(digits, -BITS), RoundingMode.HALF_EVEN)
                .toBigInteger());
    }
}
