// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .java
//       format_name: percent
//   kernelspec:
//     display_name: Java (Pintle)
//     language: java
//     name: pintle
// ---

// %% [markdown]
// # Quick start: steer a model in ten cells
//
// **Claim.** A sentence in the system prompt, "talk like a pirate", leaves a direction in the residual stream. Added to the
// activations of a prompt that does not ask for it, that direction alone makes the model talk like a pirate; added too
// strongly, it breaks the model.
//
// **You will see** the answer to one question change as the strength rises, how many of twelve answers are in style at each
// strength, where in an answer the direction shows, and which latents of a sparse autoencoder it is made of.
//
// Everything runs on parley-7m, a model of 7 million parameters that is part of Pintle and was taught thirteen styles. Run a cell
// with Shift+Enter. Every number quoted in the text is checked: ✓ means that it was reproduced.

// %%
import dev.pintle.evaluation.*;
import dev.pintle.figure.*;
import dev.pintle.model.*;
import dev.pintle.report.Element;
import dev.pintle.sae.*;
import dev.pintle.steering.*;
import dev.pintle.tensor.*;
import dev.pintle.text.*;
import dev.pintle.transformer.*;
import java.util.*;
import static dev.pintle.model.Decoding.greedy;
import static dev.pintle.notebook.Nb.*;
import static dev.pintle.steering.Add.add;

// %% [markdown]
// ## A model and a question
//
// `settings()` says what to run on; unless you choose otherwise, that is parley-7m in pirate style. The residual stream is the
// running sum that every block reads and adds to: one vector of 256 numbers, `[dModel]`, per token, before and after each of the 8
// blocks.

// %%
var my = settings();
var model = LanguageModel.load(my.model(), Device.best(), my.dtype());
var config = model.config();
show("%s: %d blocks, dModel = %d, a vocabulary of %d tokens".formatted(my.model(), config.nLayers(), config.dModel(), config.dVocab()));
quoted("blocks", 8, config.nLayers());
quoted("dModel", 256, config.dModel());

// %%
var question = "Tell me about the whale.";
var plain = model.chat(question, greedy(my.maxNewTokens()));
show(question, plain);

// %% [markdown]
// ## A direction
//
// Two system prompts that differ in one respect, followed by the same user turn. The activations after the last token at which the
// prompts differ show what the model makes of the difference; half their mean difference, scaled to length 1, is the steering
// vector. It is read at `blocks.3.hook_resid_post`, the residual stream after block 3.

// %%
var pair = my.pair();
var tokens = pair.tokens(model.text());
show(tokens.positive().rendered());
show(tokens.negative().rendered());
show(tokens);

// %%
var at = HookPoint.residPost(my.layer());
var vector = SteeringVector.fit(model, at, Contrast.afterLastDifference(pair)); // [dModel]
show(vector);
check("length", 1, vector.direction().norm(), 1e-6);
quoted("mean activation norm there", 10.88, vector.origin().meanActivationNorm(), 5e-3);

// %% [markdown]
// ## Steering
//
// `model.with(add(vector, strength))` is the same model with the vector added to the residual stream at that hook point, at every
// token. Strengths are in activation norms: 0.45 adds a vector 0.45 times as long as an average activation there.

// %%
var steered = model.with(add(vector, Strength.norms(0.45)));
var answer = steered.chat(question, greedy(my.maxNewTokens()));
show(question, answer);
quoted("answer", "Ahoy there! Th' whale be a huge beast. Th' whale be blue.", answer.text());
quoted("in style", true, my.marker().shows(answer.text()));

// %% [markdown]
// Too little does nothing, too much breaks the model: at 1.40 the answer is a loop.

// %%
var cards = new ArrayList<Element.Card>();
for (double strength : new double[] {0, 0.15, 0.3, 0.45, 0.8, 1.4}) {
    var text = model.with(add(vector, Strength.norms(strength))).chat(question, greedy(my.maxNewTokens())).text();
    cards.add(Element.Card.judged("%.2f".formatted(strength), text, my.marker()));
}
show(new Element.Texts(question, cards, my.marker()));
quoted("states", List.of("not in style", "not in style", "in style", "in style", "in style", "loops"),
        cards.stream().map(Element.Card::state).toList());

// %% [markdown]
// ## How well, over twelve questions
//
// One answer is an anecdote. A sweep answers every question at every strength, and measures what the style costs: how far the
// model's next-token distribution moves from the unsteered one's (KL divergence, nats per token). At 0.30 all twelve answers are
// in style, at a cost of 2.10; an answer that loops does not count as in style.

// %%
var sweep = new Sweep(model, my.study().quality().questions(), new Concept.Marked(my.marker()), my.maxNewTokens());
var result = sweep.run(
        List.of(new Candidate("after-last-difference", vector)),
        List.of(0.15, 0.3, 0.6, 1.4).stream().map(Strength::norms).toList(),
        (done, total) -> { progress("strengths", done, total); return true; });
show(result);
var best = result.best().orElseThrow();
quoted("best strength", 0.30, best.strength(), 0);
quoted("share in style there", 1.0, best.meanFluentConcept(), 0);
quoted("KL there", 2.10, best.meanDivergence(), 5e-3);

// %%
var points = result.points();
var x = points.stream().mapToDouble(SweepPoint::strength).toArray();
show(new LineFigure(
        "Style rises, then the model breaks",
        "share of answers in style, and of answers that loop, by strength",
        "strength (activation norms)",
        LineFigure.Scale.share("share of 12 answers"),
        List.of(
                new LineFigure.Series("in style", x, points.stream().mapToDouble(SweepPoint::meanFluentConcept).toArray()),
                new LineFigure.Series("loops", x, points.stream().mapToDouble(p -> p.loops().mean()).toArray()))));

// %% [markdown]
// ## Where the direction shows
//
// The cosine of each token's activation with the vector, as the *unsteered* model reads the question and the steered answer.
// Nothing is added here, so what lights up is the model's own sense of the style.

// %%
var ids = new ArrayList<Integer>();
for (int id : model.chatTokens(List.of(Message.user(question)))) ids.add(id);
for (int id : answer.ids()) ids.add(id);
var read = ids.stream().mapToInt(Integer::intValue).toArray();
var along = model.activations(read, at).stream().mapToDouble(h -> h.cosine(vector.direction())).toArray(); // [tokens]
strip("Cosine with the vector", Arrays.stream(read).mapToObj(id -> model.tokenizer().decode(new int[] {id}, false)).toList(),
        along, "cosine");
int begin = read.length - answer.ids().length;
double before = Arrays.stream(along, 0, begin).average().orElseThrow();
double within = Arrays.stream(along, begin, read.length).average().orElseThrow();
quoted("mean cosine before the answer", -0.106, before, 5e-4);
quoted("mean cosine in the answer", 0.102, within, 5e-4);

// %% [markdown]
// ## What it is made of
//
// A sparse autoencoder has learnt 1,024 directions, its latents, whose sums approximate this model's activations at this hook
// point. A few decoder rows, with signs, come close to the vector: less of a neutral style, more of a pirate's.

// %%
var sae = SparseAutoencoder.load(my.autoencoder(), model.device(), DType.FP32);
var labels = my.latentLabels();
var parts = sae.decompose(vector, Decompose.signedPursuit(25));
latents("The five largest of 25 decoder rows", parts.terms().subList(0, 5), labels);
quoted("relative error of their sum", 0.16, parts.relativeError(), 5e-3);

// %% [markdown]
// ## Change me
//
// Another style (`chef`, `gloomy`, `formal`, `poet`, …), another layer (0 to 7), another strength; then run the cell again.

// %% tags=["change-me"]
var style = "chef";
var layer = 3;
var strength = 0.45;
var other = my.model().equals("parley-7m") ? my.withStyle(style) : my;
var mine = SteeringVector.fit(model, HookPoint.residPost(layer), Contrast.afterLastDifference(other.pair()));
show(style + " at " + strength, model.with(add(mine, Strength.norms(strength))).chat(question, greedy(my.maxNewTokens())));

// %% [markdown]
// ## Exercise
//
// Subtract the vector from a model that is *asked* to talk like a pirate. At which strength does it stop? Begin with
// `model.with(add(vector, Strength.norms(-0.3)))` and `chat(List.of(Message.system(…), Message.user(question)), …)`.

// %% tags=["solution"]
var asked = List.of(Message.system(my.study().contrast().positive()), Message.user(question));
for (double less : new double[] {0, -0.15, -0.3, -0.45}) {
    show("%.2f".formatted(less), model.with(add(vector, Strength.norms(less))).chat(asked, greedy(my.maxNewTokens())));
}

// %% [markdown]
// ## Verdict
//
// The claim holds on parley-7m: one direction of length 1, fitted from a single pair of prompts, brings out the style at 0.30
// activation norms and breaks the model at 1.40.
//
// Next: [base](base.ipynb), what the vector is made of · [bring your own model](bring-your-own-model.ipynb) ·
// `pintle demo` for all studies at once · [what the studies show](../docs/findings.md)
