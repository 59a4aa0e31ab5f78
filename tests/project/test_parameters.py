"""A function takes five facts at most, and six parameters with its options; one that takes more says why."""

import ast

from tests.project.packages import places

MOST = 5
MOST_WITH_OPTIONS = 6

REASONS = {
    "confirma_async/account.py Account.outbox": "options of a public call, by their names",
    "confirma_async/bulk/journal/admission.py AdmissionBatch.__init__": "each kind of journal gives some",
    "confirma_async/bulk/machines/planner.py plan": "options of a public call, and what they are called on",
    "confirma_async/bulk/machines/worker.py work": "options of a public call, and what they are called on",
    "confirma_async/client.py Confirma.__init__": "options of a public class, by their names and with their "
    "defaults, as help() and editors show them",
    "confirma_async/converters/tolerance.py TolerantReader._value": "all differ from value to value",
    "confirma_async/formats/xml/reading/plan.py _lay_out": "calls itself for each element of a document",
    "confirma_async/mirror/__init__.py Mirror.sync": "options of a public call, by their names",
    "confirma_async/resources/invoices.py Invoices.distributions_v2": "what its query holds, by its names",
    "confirma_async/sandbox/rules/money/interest.py units": "the terms of one formula",
    "confirma_async/sandbox/server.py Sandbox.__init__": "options of a public class, by their names",
}
"""Why a function takes more. Where parameters travel together, a class of them is better than a reason."""


def functions(tree, inside=""):
    """Every function of a module, by its name and that of its class."""
    for node in ast.iter_child_nodes(tree):
        name = inside
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{inside}.{node.name}".removeprefix(".")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, node
        yield from functions(node, name)


def facts(function):
    """What a caller has to give: all but the keyword-only parameters that have defaults."""
    required = [
        each.arg
        for each, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        if default is None
    ]
    return positional(function) + required


def parameters(function):
    """Everything that a caller can give by a name of its own."""
    return positional(function) + [each.arg for each in function.args.kwonlyargs]


def positional(function):
    given = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return given[given[:1] in (["self"], ["cls"]) :]


def wide(source):
    """The functions of a module that take more facts, or more parameters, than most."""
    return [
        name
        for name, function in functions(ast.parse(source))
        if len(facts(function)) > MOST or len(parameters(function)) > MOST_WITH_OPTIONS
    ]


def test_facts_are_counted_without_options_and_the_object_itself():
    assert wide("class A:\n def f(self, a, b, c, d, e, *, g=1): ...") == []
    assert wide("class A:\n async def f(self, a, b, c, d, e, f=1): ...") == ["A.f"]
    assert wide("def f(a, b, c, *, d, e, f): ...") == ["f"]


def test_options_are_counted_as_well():
    assert wide("def f(a, *, b=1, c=1, d=1, e=1, f=1, **more): ...") == []
    assert wide("class A:\n def f(self, a, *, b=1, c=1, d=1, e=1, f=1, g=1): ...") == ["A.f"]


def test_a_function_that_takes_more_says_why():
    assert places(wide) == REASONS.keys()
