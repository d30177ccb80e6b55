package dev.pintle.steering;

import dev.pintle.base.PintleException;
import dev.pintle.base.Problem;
import dev.pintle.text.Prompt;
import dev.pintle.text.Token;
import dev.pintle.text.TokenizedPrompt;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The answer that a prompt ends with, such as {@code (A)} or {@code Yes, I agree}, and which tokens it consists of. The
 * question is never part of it.
 */
final class Answer {
    /**
     * How an answer names a choice by a letter, clearest form first: in brackets; at the beginning, followed by
     * punctuation; alone; after the word answer, option or choice. A capital letter anywhere else, such as the pronoun
     * I, is a word.
     */
    private static final List<Pattern> LETTERS = List.of(
            Pattern.compile("(?<![\\p{L}\\p{N}])[(\\[(【]\\s*(\\p{Lu}|\\p{Ll})\\s*[)\\])】]"),
            Pattern.compile("^[^\\p{L}\\p{N}]*(\\p{Lu})\\s*(?:[).:\\])]|\\s[-–—]\\s)"),
            Pattern.compile("^[^\\p{L}\\p{N}]*(\\p{Ll})\\s*[)\\])]"),
            Pattern.compile("^[^\\p{L}\\p{N}]*(\\p{Lu}|\\p{Ll})[^\\p{L}\\p{N}]*$"),
            Pattern.compile("(?i:answer|option|choice)[^\\p{L}\\p{N}]{0,3}(?i:is\\b)?[^\\p{L}\\p{N}]{0,3}(\\p{Lu})"
                    + "(?=[^\\p{L}\\p{N}]*$|[).:\\])])"));

    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}\\p{M}'’]*");
    private static final String OTHERS = "answer-word (the first word, such as Yes or No), answer-mean, last";

    private final String text;
    private final int start;
    private final int end;
    private final List<Token> tokens;

    private Answer(String text, int start, int end, List<Token> tokens) {
        this.text = text;
        this.start = start;
        this.end = end;
        this.tokens = tokens;
    }

    /**
     * The assistant's message that ends a conversation.
     *
     * @throws PintleException if the prompt is a plain text or does not end with an answer, or the template rewrites
     *     the answer
     */
    static Answer of(TokenizedPrompt prompt) {
        if (prompt.prompt().ending() != Prompt.Ending.CONTINUED) {
            throw Problem.of("The prompt does not end with an answer.")
                    .fact("prompt", prompt + ", ending " + prompt.shownTail())
                    .fact("expected", "a conversation in which the assistant speaks last")
                    .fact("try", "--answers, or positions that do not refer to an answer")
                    .toException();
        }
        String text = prompt.rendered();
        String content = prompt.prompt().lastMessage().content();
        String written = text.endsWith(content) ? content : content.strip();
        int end = text.endsWith(written) ? text.length() : text.stripTrailing().length();
        int start = end - written.length();
        if (start < 0 || !text.startsWith(written, start) || written.isEmpty()) {
            throw Problem.of("The answer's tokens cannot be located, because the chat template rewrites the answer.")
                    .fact("answer", content)
                    .fact("the prompt ends", text.substring(Math.max(0, text.length() - 40)))
                    .fact("try", "positions that do not refer to an answer: last, range:FROM-TO")
                    .toException();
        }
        return new Answer(text, start, end, prompt.placed(text));
    }

    /**
     * The answers of a pair: the assistant's messages, or, for plain texts, everything from the first difference on.
     */
    static Answer[] ofPair(TokenPair pair) {
        if (pair.positive().prompt().ending() != Prompt.Ending.PLAIN
                || pair.negative().prompt().ending() != Prompt.Ending.PLAIN) {
            return new Answer[] {of(pair.positive()), of(pair.negative())};
        }
        int first = pair.firstDifference();
        return new Answer[] {from(pair.positive(), first), from(pair.negative(), first)};
    }

    private static Answer from(TokenizedPrompt prompt, int first) {
        String text = prompt.rendered();
        List<Token> tokens = prompt.placed(text);
        for (int i = first; i < tokens.size(); i++) {
            Token.Span span = tokens.get(i).span();
            if (span != null) {
                return new Answer(text, span.start(), text.length(), tokens);
            }
        }
        throw Problem.of("One prompt of the pair is a prefix of the other, so it has no answer.")
                .fact("prompt", prompt + ", ending " + prompt.shownTail())
                .fact("try", "last, or prompts that end with different answers")
                .toException();
    }

    /** Whether an answer's text names a choice by a letter. */
    static boolean hasLetter(String answer) {
        return letter(answer) >= 0;
    }

    private static int letter(String answer) {
        for (Pattern pattern : LETTERS) {
            Matcher matcher = pattern.matcher(answer);
            if (matcher.find()) {
                return matcher.start(1);
            }
        }
        return -1;
    }

    /**
     * The position of the letter's token.
     *
     * @throws PintleException if the answer names no letter
     */
    int letter() {
        String answer = text.substring(start, end);
        int at = letter(answer);
        if (at < 0) {
            throw Problem.of("The answer names no letter.")
                    .fact("expected", "an answer such as (A), A) or A. I agree")
                    .fact("but was", shown(answer))
                    .fact("choose", OTHERS)
                    .toException();
        }
        return tokenAt(start + at);
    }

    /**
     * The position of the first word's last token; in most vocabularies, {@code Yes} is a single token.
     *
     * @throws PintleException if the answer contains no word
     */
    int word() {
        Matcher matcher = WORD.matcher(text).region(start, end);
        if (!matcher.find()) {
            throw Problem.of("The answer contains no word.")
                    .fact("but was", shown(text.substring(start, end)))
                    .fact("choose", "answer-mean, last")
                    .toException();
        }
        return tokenAt(matcher.end() - 1);
    }

    /** The positions of all its tokens. */
    int[] all() {
        return IntStream.range(0, tokens.size())
                .filter(i -> {
                    Token.Span span = tokens.get(i).span();
                    return span != null && span.end() > start && span.start() < end;
                })
                .toArray();
    }

    private int tokenAt(int character) {
        for (int i = 0; i < tokens.size(); i++) {
            Token.Span span = tokens.get(i).span();
            if (span != null && span.start() <= character && character < span.end()) {
                return i;
            }
        }
        throw Problem.of("No token of the prompt covers this character of the answer.")
                .fact("answer", shown(text.substring(start, end)))
                .fact("character", character - start)
                .fact("try", "last, or range:FROM-TO")
                .toException();
    }

    private static String shown(String answer) {
        String line = answer.strip().replace('\n', ' ');
        return line.length() <= 60 ? line : line.substring(0, 60) + "…";
    }
}
