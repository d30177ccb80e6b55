package dev.pintle.cli;

import dev.pintle.cli.OptionRule.Excludes;
import dev.pintle.cli.OptionRule.Given;
import dev.pintle.cli.OptionRule.Needs;
import dev.pintle.studies.Studies;
import dev.pintle.study.Study;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Every option of every command, and what it requires or excludes, so that none is silently ignored. An option that always
 * has an effect is {@code free}. A test compares this with the commands' own options, so a new option has to be added here.
 */
public final class OptionRules {
    private static final Map<String, OptionRules> ALL = new LinkedHashMap<>();
    private static final String[] READING = {"--layer", "--position", "--first-row", "--tensor"};

    private final Set<String> named = new TreeSet<>();
    private final List<OptionRule> rules = new ArrayList<>();

    private OptionRules() {}

    // ---------------------------------------------------------------- what commands share

    private OptionRules model() {
        return source().free("--dtype", "--device", "--quantise", "--check-nan", "--ignore-config", "--chat-template");
    }

    private OptionRules source() {
        return free("--model").needs("--pull", "--model NAME", "--model");
    }

    private OptionRules decoding() {
        String greedy = "greedy decoding does not sample";
        for (String drawing : List.of("--top-k", "--top-p", "--min-p", "--repetition-penalty", "--seed")) {
            needs(drawing, "--temperature T: decoding is greedy without it", "--temperature");
            excludes("--greedy", drawing, greedy);
        }
        return excludes("--greedy", "--temperature", greedy).free("--max-new-tokens", "--stop");
    }

    private OptionRules steering() {
        return free("--vector", "--latent", "--steer")
                .needs("--strength", "--vector", "--vector")
                .needs("--positions", "--vector", "--vector")
                .needs("--layer", "--vector", "--vector")
                .needs("--first-row", "--vector", "--vector")
                .needs("--tensor", "--vector", "--vector")
                .needs("--sae", "--latent", "--latent")
                .needs("--sae-layer", "--latent", "--latent")
                .needs("--latent-positions", "--latent", "--latent");
    }

    private OptionRules autoencoder() {
        return free("--sae", "--layer", "--sae-dtype");
    }

    /** Options of which at most one may be given, each otherwise free. */
    public OptionRules oneOf(String why, String... options) {
        for (int i = 0; i < options.length; i++) {
            free(options[i]);
            for (int j = 0; j < i; j++) {
                excludes(options[j], options[i], why);
            }
        }
        return this;
    }

    /** The texts of {@link TextsOptions}. */
    public OptionRules collection() {
        return free("--texts", "--window", "--special-tokens", "--roles");
    }

    /** What {@link StoreOptions} store. */
    public OptionRules stored() {
        return free("--at", "--layers", "--stored-as", "--shard-size", "--bos");
    }

    /** The settings of {@link SettingOptions}. */
    public OptionRules settings() {
        return free("--vector", "--method", "--layer", "--strengths", "--positions", "--steer");
    }

    /** What {@link EvaluationOptions} ask of a steering. */
    public OptionRules evaluated() {
        return free("--steer", "--multiples", "--choices", "--capability", "--max-items", "--questions")
                .oneOf("the concept is scored in one way", "--marker", "--judge")
                .needs("--endpoint", "--judge MODEL", "--judge")
                .needs("--concept", "--judge MODEL", "--judge")
                .excludes("--style", "--marker", "a style comes with a marker")
                .excludes("--style", "--concept", "a style says what is rated")
                .needs(
                        "--max-new-tokens",
                        "questions to answer: --questions FILE, --marker, --judge or --style",
                        "--questions",
                        "--marker",
                        "--judge",
                        "--style");
    }

    private OptionRules texts() {
        return oneOf("a command reads one text", "--prompt", "--user", "--chat");
    }

    // ---------------------------------------------------------------- commands

    static {
        of("demo").free("--style", "--out", "--json");
        study();
        of("generate")
                .model()
                .decoding()
                .steering()
                .texts()
                .excludes("--chat-template", "--prompt", "a raw prompt is read as it is")
                .needs("--force", "--vector or --latent", "--vector", "--latent")
                .needs("--compare", "--vector NAME", "--vector")
                .free("--json");
        of("capture")
                .model()
                .oneOf("one prompt is captured", "--ids", "--prompt", "--chat")
                .needs("--chat-template", "--chat FILE", "--chat")
                .free("--at", "--layers", "--logits", "--steer", "--out", "-o");
        of("evaluate")
                .model()
                .evaluated()
                .needs("--dark", "--figure FILE", "--figure")
                .free("--figure", "--json");
        of("harvest")
                .model()
                .collection()
                .stored()
                .excludes("--part", "--max-tokens", "a part does not know how many tokens the others have")
                .free("--out", "-o", "--json");
        of("harvest-info").free("--verify", "--json");
        of("chat").model().decoding().steering().free("--system", "--force");
        serving("serve");
        serving("studio").free("--no-open");
        of("vector show").free(READING).free("--json");
        of("vector list").free("--json");
        of("vector rename").free("--force");
        of("vector remove");
        of("vector compare").free(READING).free("--across-layers", "--force", "--json");
        of("vector convert").free(READING).free("--save", "--force");
        of("vector export").free(READING).free("--for", "--out", "-o", "--force");
        fit();
        of("sae info").free("--json");
        of("sae check").model().autoencoder().free("--texts", "--max-tokens", "--force", "--json");
        of("sae encode")
                .model()
                .autoencoder()
                .texts()
                .excludes("--chat-template", "--prompt", "a raw prompt is read as it is")
                .needs("--vector", "--strength S", "--strength")
                .needs("--strength", "--vector NAME", "--vector")
                .free("--top", "--force", "--labels", "--json");
        decompose();
        of("sae labels").needs("--top", "--search WORDS", "--search").free("--search", "--sae", "--labels", "--json");
        of("sae merge-profiles").free("--name", "--force", "--json");
        of("sae show").free("--sae", "--profile", "--labels", "--json");
        of("sae profile")
                .model()
                .autoencoder()
                .needs("--endpoint", "--explain MODEL", "--explain")
                .needs("--latents", "--explain MODEL", "--explain")
                .excludes("--part", "--max-tokens", "a part does not know how many tokens the others have counted")
                .excludes("--part", "--explain", "labels are written for the merged profile")
                .collection()
                .free("--explain", "--name", "--fresh", "--max-tokens", "--json");
        of("pull");
        of("models").free("--dtype", "--context", "--json");
        of("compare-models")
                .oneOf("the texts are given or in files", "--text", "--texts")
                .needs("--layer", "--sae SAE", "--sae")
                .needs("--sae-dtype", "--sae SAE", "--sae")
                .needs("--force", "--sae SAE", "--sae")
                .needs("--dark", "--figure FILE", "--figure")
                .free("--max-tokens", "--window", "--sae", "--figure", "--json");
        of("tokens")
                .source()
                .excludes("TEXT", "--chat", "one text is read")
                .needs("--chat-template", "--chat FILE", "--chat")
                .free("--json");
        of("doctor");
        sweeps("sweep", List.of("last-position"));
        sweeps("tune", List.of());
        Objects.requireNonNull(ALL.get("tune")).free("--save");
        of("notebook run").free("--settings", "--quiet");
        of("notebook open");
        of("notebook install").free("--data-dir");
        of("notebook build").free("--out");
        of("report list").free("--json");
        of("report open");
        of("report diff").excludes("--rows", "--json", "JSON has every row").free("--tolerance");
        of("report page").free("--out", "--figures");
        of("help");
        of("completion");
        CommandProvider.all().forEach(CommandProvider::rules);
    }

    private static OptionRules serving(String name) {
        return of(name).free(
                        "--model",
                        "--dtype",
                        "--device",
                        "--quantise",
                        "--chat-template",
                        "--port",
                        "--address",
                        "--api-key-file",
                        "--host-name",
                        "--cors-origin",
                        "--queue",
                        "--slots",
                        "--kv-memory",
                        "--cache-memory",
                        "--fast",
                        "--lenient");
    }

    private static void study() {
        OptionRules rules = of("study")
                .model()
                .autoencoder()
                .free("--labels", "--out", "--json", "--settings", "--style", "--concept", "--positive", "--neutral")
                .free("--user", "--question", "--prefixes", "--vector", "--strength", "--target-latent", "--marker")
                .free("--max-new-tokens");
        for (String option :
                List.of("--strengths", "--questions", "--sequence-question", "--sequence-answer", "--latent-amount")) {
            rules.forStudies(option, option.substring(2).replace('-', '_'));
        }
        rules.forStudies("--other-sae", "other_saes");
        rules.free("--tuple-prompt")
                .needs(
                        "--as-published",
                        "a study from the notebooks",
                        List.of(),
                        given -> given.is("NAME", "all") || !isOf(given, study -> !study.replicates()))
                .excludes("--as-published", "--strengths", "they measure quality, which the notebooks did not")
                .excludes("--as-published", "--questions", "they measure quality, which the notebooks did not");
    }

    /** An option that only affects studies with that setting; those of other jars are consulted when it is given. */
    private void forStudies(String option, String setting) {
        Predicate<Study<?>> follows = study -> study.reads().contains(setting);
        List<String> own = Studies.ALL.stream().filter(follows).map(Study::name).toList();
        needs(option, "the study " + String.join(" or ", own) + ", or all", List.of(), given -> isOf(given, follows));
    }

    /** Whether one of the given studies matches; {@code all} always does. */
    private static boolean isOf(Given given, Predicate<Study<?>> such) {
        return given.is("NAME", "all")
                || Studies.all().stream().filter(such).anyMatch(study -> given.is("NAME", study.name()));
    }

    private static void fit() {
        OptionRules rules = of("vector fit").model().free("--out", "-o", "--save", "--json", "--force");
        String[] sources = {"--positive", "--pairs", "--answers", "--persona", "--positive-texts"};
        rules.oneOf("a fit has one source of prompts", sources);
        for (String prompts : sources) {
            rules.excludes("--from-latent", prompts, "a vector is fitted from prompts or taken from a latent");
        }
        for (String fitted :
                List.of("--all-layers", "--method", "--positions", "--directions", "--aggregation", "--resume")) {
            rules.excludes("--from-latent", fitted, "a decoder row is not fitted");
        }
        rules.needs("--negative", "--positive TEXT", "--positive")
                .needs("--negative-texts", "--positive-texts FILE", "--positive-texts")
                .needs("--prefixes", "--positive TEXT", "--positive")
                .needs("--questions", "--positive TEXT or --pairs FILE", "--positive", "--pairs")
                .excludes("--prefixes", "--questions", "the pairs come from one of them")
                .needs("--columns", "--pairs or --positive-texts", "--pairs", "--positive-texts")
                .needs("--split", "a file of pairs, answers or texts", "--pairs", "--answers", "--positive-texts")
                .needs("--texts-as", "--pairs or --positive-texts", "--pairs", "--positive-texts")
                .excludes("--layer", "--all-layers", "a fit is at one layer or at all")
                .needs("--sae", "--from-latent N", "--from-latent")
                .needs("--raw", "--from-latent N", "--from-latent")
                .needs(
                        "--max-new-tokens",
                        "--method generated-tokens",
                        List.of("--method", "--persona"),
                        given -> given.is("--method", "generated-tokens")
                                || (given.has("--persona") && !given.has("--method")));
    }

    private static void decompose() {
        Predicate<Given> reads = given -> given.is("--how", "difference");
        OptionRules rules = of("sae decompose").autoencoder().texts();
        for (String model : List.of(
                "--model",
                "--dtype",
                "--device",
                "--quantise",
                "--check-nan",
                "--ignore-config",
                "--chat-template",
                "--prompt",
                "--user",
                "--chat")) {
            rules.needs(model, "--how difference, the only one that reads a text", List.of("--how"), reads);
        }
        rules.needs("--pull", "--model NAME", "--model")
                .needs(
                        "--strength",
                        "--how scaled or difference",
                        List.of("--how"),
                        given -> given.is("--how", "scaled", "difference"))
                .needs("--with-bias", "--out or --save", "--out", "--save")
                .free(
                        "--first-row",
                        "--tensor",
                        "--how",
                        "--terms",
                        "--labels",
                        "--force",
                        "--out",
                        "-o",
                        "--save",
                        "--json");
    }

    private static void sweeps(String name, List<String> usualReadsPrefixes) {
        Predicate<Given> fits = given -> !given.has("--vector") || given.has("--method");
        OptionRules rules = of(name).model()
                .oneOf("the concept is scored in one way", "--marker", "--continuations", "--choices", "--judge")
                .needs("--endpoint", "--judge MODEL", "--judge")
                .needs("--concept", "--judge MODEL", "--judge")
                .needs("--dark", "--figure FILE", "--figure")
                .excludes("--questions", "--choices", "the questions of --choices are asked")
                .excludes("--style", "--positive", "a style comes with a system prompt")
                .settings()
                .free("--max-new-tokens", "--fresh", "--figure", "--json");
        rules.needs("--negative", "vectors to fit: leave out --vector, or add --method", List.of("--method"), fits);
        rules.needs(
                "--positive",
                "vectors to fit or a judge: leave out --vector, or add --method or --judge",
                List.of("--method", "--judge"),
                given -> fits.test(given) || (given.has("--judge") && !given.has("--concept")));
        rules.needs(
                "--style",
                "vectors to fit, or a concept to score by it",
                List.of("--method"),
                given -> fits.test(given)
                        || !(given.has("--marker")
                                || given.has("--continuations")
                                || given.has("--choices")
                                || (given.has("--judge") && given.has("--concept"))));
        rules.needs(
                "--prefixes",
                "a method that reads answer prefixes: --method last-position or diff-mean",
                List.of("--method"),
                given -> given.has("--method")
                        ? given.is("--method", "last-position", "diff-mean")
                        : fits.test(given) && !usualReadsPrefixes.isEmpty());
    }

    // ---------------------------------------------------------------- how rules are declared

    /** New rules for a command, by its name under {@code pintle}, such as {@code vector fit}. */
    public static OptionRules of(String command) {
        OptionRules rules = new OptionRules();
        ALL.put(command, rules);
        return rules;
    }

    /** Options that always have an effect. */
    public OptionRules free(String... options) {
        named.addAll(Arrays.asList(options));
        return this;
    }

    /**
     * Two options that cannot be combined.
     *
     * @param why the reason, after "are mutually exclusive"
     */
    public OptionRules excludes(String one, String other, String why) {
        return add(new Excludes(one, other, why));
    }

    /**
     * An option that only has an effect together with another.
     *
     * @param needed the other in words, after "has no effect without"
     * @param others options, any one of which is enough
     */
    public OptionRules needs(String option, String needed, String... others) {
        return needs(
                option, needed, List.of(others), given -> Arrays.stream(others).anyMatch(given::has));
    }

    private OptionRules needs(String option, String needed, List<String> others, Predicate<Given> holds) {
        return add(new Needs(option, needed, others, holds));
    }

    private OptionRules add(OptionRule rule) {
        named.addAll(rule.options());
        rules.add(rule);
        return this;
    }

    /** The rules of a command; empty for a group of commands. */
    static Optional<OptionRules> find(CommandSpec command) {
        String name = command.qualifiedName(" ");
        int space = name.indexOf(' ');
        return Optional.ofNullable(ALL.get(space < 0 ? "" : name.substring(space + 1)));
    }

    /** The commands that have rules. */
    static Set<String> commands() {
        return ALL.keySet();
    }

    /** The options that the rules name. */
    Set<String> named() {
        return named;
    }

    /** What options require and exclude. */
    List<OptionRule> rules() {
        return rules;
    }

    /** @throws ParameterException if an option would have no effect, or two are mutually exclusive */
    static void check(ParseResult parsed) {
        ParseResult leaf = parsed;
        while (leaf.hasSubcommand()) {
            leaf = leaf.subcommand();
        }
        Given given = new Given(leaf);
        for (OptionRule rule : find(leaf.commandSpec()).map(OptionRules::rules).orElse(List.of())) {
            Optional<String> broken = rule.broken(given);
            if (broken.isPresent()) {
                throw new ParameterException(leaf.commandSpec().commandLine(), broken.get());
            }
        }
    }
}
