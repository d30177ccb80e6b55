"""Writes what Python's jinja2, set up as Hugging Face transformers sets it up, renders from our own test templates.

    python make_jinja_cases.py RESOURCES_DIR        (jinja2 3.1; run where this file is)

Templates come from jinja_templates.txt (one after another, with === between them), from the lists below, and from
RESOURCES_DIR/llama31-like.jinja. RESOURCES_DIR/jinja-cases.json holds groups of {data, cases: [[template, text]]};
the text is null where jinja2 refuses, or where this project refuses what jinja2 renders (then a third element says so).
"""
import datetime
import json
import sys
import warnings

import jinja2
import jinja2.ext
import jinja2.sandbox

warnings.simplefilter("ignore")


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


ENV = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
ENV.filters["tojson"] = tojson
ENV.globals["raise_exception"] = raise_exception
ENV.globals["strftime_now"] = lambda f: datetime.datetime(2025, 7, 10).strftime(f)

# Rendered by jinja2, refused here: tags for several files, random text, Python classes, slices of what has
# none (jinja2's constant folding makes them empty), and filters that chat templates do not use.
REFUSED_HERE = (
    "{% block a %}x{% endblock %}", "{% raw %}", "{{ lipsum() }}", "{{ x.__class__ }}", "{{ {'a':1}[1:] }}", "{{ none[1:] }}", "{{ namespace }}", "{{ self }}", "{{ 'hello big world'|wordwrap(5) }}",
    "{{ 1e22[1:] }}", "{{ 1e22[::-1] }}", "{{ 1e-5[1:] }}", "{{ 1e-5[::-1] }}", "{{ 0.1[1:] }}", "{{ 0.1[::-1] }}", '{{ ("<"|safe) % ([1, 2]) }}', '{{ ("<"|safe) % ({"a": 1}) }}', '{{ ("<"|safe) % (nothing) }}',
)
PART_OF_REFUSED = ("'__b':2", "set ns.m = m")  # a key like Python's own attributes, a macro that outlives its loop


def render(template, data):
    try:
        text = ENV.from_string(template).render(**data)
    except Exception:
        return None
    return None if " at 0x" in text else text


def case(template, data):
    if template in REFUSED_HERE or any(part in template for part in PART_OF_REFUSED):
        return [template, None, "rendered by jinja2"]
    return [template, render(template, data)]


MESSAGES = [{"role": "user", "content": " hi "}, {"role": "assistant", "content": "yo"}, {"role": "user", "content": "x{{ 1 }}"}]
VALUES = {"s": "Hello World", "e": "", "u": "é日🦜x", "n": None, "i": 7, "z": 0, "neg": -3, "f": 2.5, "big": 10**25, "b": True, "c": False, "l": [1, 2, 3], "el": [],
          "d": {"a": 1, "b": {"c": [1, 2]}, "items": 5, "x y": "q\"'\n"}, "ld": [{"n": "b", "v": 2}, {"n": "A", "v": 1}, {"n": "c", "v": 2}], "ls": ["b", "A", "c", "a"]}
NAMES = list(VALUES) + ["nothing", "range(3)", "d.items()", "(1, 2)", "1e22", "1e-5", "0.1", "-0.0", "(s|safe)"]
AFTER = ["", "|string", "|tojson", "|length", "|list", "|first", "|last", "|upper", "|title", "|int", "|float", "|abs", "|round", '|default("D", true)', '|join(",")', "|reverse|list", "|sort", "|sum",
         "|max", "|unique|list", "|e", "|items|list", "|dictsort", "|truncate(5)", "|batch(2)|list", '|map("upper")|list', "|select|list", "[0]", "[-1]", "[1:]", "[::-1]", ".a", '["a"]', ".upper()", '.get("a")',
         " is none", " is mapping", " is sequence", " is iterable", " is number", " is string", " is defined", " is odd", ' ~ "x"', " == 7", ' in ["b", 7]']
OPERANDS = ["0", "-3", "2.5", "true", "none", '""', '"ab"', "[1, 2]", "(1, 2)", '{"a": 1}', "nothing", "10**25", '"<"|safe']
OPERATORS = ["+", "-", "*", "/", "//", "%", "==", "<", ">=", "in", "and", "or", "~"]
TEXTS = ["", "Hello World", "  pad \t", "a,b,,c", "été ß", "123", "line1\nline2\r\nline3", "🦜ΑΣ", "they're x_y"]
METHODS = ["upper()", "title()", "capitalize()", "swapcase()", "strip()", 'lstrip("a ")', "split()", 'split(",", 1)', "rsplit(None, 1)", "splitlines()", 'startswith(("H", "a"))', 'find("l")', 'count("l")', 'replace("l", "LL", 1)',
           'join(["x", "y"])', "zfill(8)", 'center(9, "*")', 'partition(",")', "isalpha()", "isdigit()", "istitle()", "isupper()"]
FORMATS = ["%d", "%5d|", "%-5d|", "%05d", "%+d", "%f", "%.1f", "%10.2f", "%e", "%.3g", "%x", "%s", "%r", "%q"]
BRACES = ["{}", "{:5d}", "{:<5}|", "{:05d}", "{:.1f}", "{:*^12.1f}|", "{:e}", "{:.3g}", "{:.1%}", "{:x}", "{:,}", "{0}{0}", "{1}", "{a}", "{", "{}{}"]
CHATS = [
    {"messages": [{"role": "user", "content": "Hello, how are you?"}], "add_generation_prompt": True},
    {"messages": [{"role": "system", "content": " Talk like a sailor. "}, {"role": "user", "content": "{{ 7 * 7 }}"}], "date_string": "22 Nov 2026"},
    {"messages": [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "weather", "arguments": {"where": "Łódź"}}}]}, {"role": "tool", "content": {"sky": "clear"}}],
     "tools": [{"type": "function", "function": {"name": "weather", "parameters": {}}}], "add_generation_prompt": True},
    {"messages": [{"role": "assistant", "content": "", "tool_calls": [1, 2]}]},
    {"messages": []},
]

folder = sys.argv[1]
groups = []


def group(data, templates):
    groups.append({"data": data, "cases": [case(t, data) for t in templates]})


own = open("jinja_templates.txt", encoding="utf-8").read().split("\n===\n")
own[-1] = own[-1].removesuffix("\n")
group({"messages": MESSAGES, "s": "str"}, own + [t.replace("\n", "\r\n") for t in own if "\n" in t] + ["x\n", "x\n\n", "x\r\n", "x\r", "", "\n"])
group(VALUES, [f"{{{{ {n}{a} }}}}" for n in NAMES for a in AFTER])
group({}, [f"{{{{ ({a}) {o} ({b}) }}}}" for a in OPERANDS for b in OPERANDS for o in OPERATORS])
for text in TEXTS:
    group({"s": text}, [f"{{{{ s.{m} }}}}" for m in METHODS] + ["{{ [s] }}{{ s|tojson }}{{ s|indent(2) }}{{ s|title }}{{ s|wordcount }}"])
for number in (0, -1, 1.5, 2.675, 12345.678, 1e300, 5e-324, 2**53):
    group({"n": number}, [f"{{{{ '{f}' % n }}}}" for f in FORMATS] + [f"{{{{ '{f}'.format(n) }}}}" for f in BRACES] + ["{{ n }}{{ n|round(1) }}{{ n|int }}{{ n|filesizeformat }}"])
llama = open(f"{folder}/llama31-like.jinja", encoding="utf-8").read()
for chat in CHATS:
    group({"bos_token": "<|begin_of_text|>", **chat}, [llama])
with open(f"{folder}/jinja-cases.json", "w", encoding="utf-8") as out:
    out.write("[\n" + ",\n".join(json.dumps(g["data"], ensure_ascii=False).join(['{"data": ', ', "cases": [\n']) + ",\n".join(json.dumps(c, ensure_ascii=False) for c in g["cases"]) + "\n]}" for g in groups) + "\n]\n")
print(sum(len(g["cases"]) for g in groups), "cases")
